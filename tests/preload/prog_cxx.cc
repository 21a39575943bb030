/* SPDX-License-Identifier: MIT
 *
 * prog_cxx.cc - C++: new and delete in all their forms, containers,
 * exceptions.  The calls of malloc come from libstdc++; what is counted here
 * is what the language says must be asked for.
 */
#include <cstddef>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#include "preload/prog.h"
}

namespace {

/* The compiler may leave out a new and delete whose block nobody sees. */
void *
kept(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

struct Big {
	char bytes[1217];
	~Big() { bytes[0] = 0; }
};

struct alignas(128) Wide {
	char bytes[384];
};

/* Counts what a container asks for, and passes it on to operator new. */
template <class T> struct Counting {
	using value_type = T;
	Counting() = default;
	template <class U> Counting(const Counting<U> &) {}
	T *allocate(std::size_t n)
	{
		return static_cast<T *>(
			got(::operator new(n * sizeof(T)), n * sizeof(T)));
	}
	void deallocate(T *p, std::size_t n)
	{
		gone(n * sizeof(T));
		::operator delete(p, n * sizeof(T));
	}
	template <class U> bool operator==(const Counting<U> &) const
	{
		return true;
	}
	template <class U> bool operator!=(const Counting<U> &) const
	{
		return false;
	}
};

void
test_new()
{
	Big *p[20];

	for (auto &b : p)
		got(b = new Big, sizeof(Big));
	for (int i = 0; i < 20; i += 2) {
		delete p[i];
		gone(sizeof(Big));
	}
	done_in("12", "new and delete", "*");
	for (int i = 1; i < 20; i += 2) {
		delete p[i];
		gone(sizeof(Big));
	}
	done_in("12", "delete of the rest", "*");

	char *chars = static_cast<char *>(kept(got(new char[3331], 3331)));
	/* An array with destructors keeps its length in front. */
	Big *array = new Big[3];
	got(array, 3 * sizeof(Big) + sizeof(std::size_t));
	done_in("12", "new of arrays", "*");
	delete[] chars;
	gone(3331);
	delete[] array;
	gone(3 * sizeof(Big) + sizeof(std::size_t));
	done_in("12", "delete of arrays", "*");

	void *raw = kept(got(::operator new(0), 1));
	::operator delete(raw, std::size_t(0));
	gone(1);
	done_in("12", "operator new(0) asks malloc for one byte", "*");
	raw = kept(got(::operator new(777, std::nothrow), 777));
	::operator delete(raw, std::nothrow);
	gone(777);
	done_in("12", "nothrow, and sized delete", "*");
}

void
test_aligned()
{
	Wide *one = new Wide, *many = new Wide[5];

	got(one, sizeof(Wide));
	got(many, 5 * sizeof(Wide));
	NEED(reinterpret_cast<std::uintptr_t>(one) % 128 == 0);
	NEED(reinterpret_cast<std::uintptr_t>(many) % 128 == 0);
	done_in("12", "aligned new", "*");
	delete one;
	gone(sizeof(Wide));
	delete[] many;
	gone(5 * sizeof(Wide));
	done_in("12", "aligned delete", "*");
}

void
test_containers()
{
	{
		std::vector<int, Counting<int>> v;
		std::map<int, Big, std::less<int>,
			 Counting<std::pair<const int, Big>>>
			m;
		std::basic_string<char, std::char_traits<char>, Counting<char>>
			s;

		for (int i = 0; i < 10000; i++)
			v.push_back(i);
		v.shrink_to_fit();
		done_in("12", "std::vector grows and shrinks", "*");
		for (int i = 0; i < 300; i++)
			m[i * 7 % 301].bytes[1] = 1;
		for (int i = 0; i < 100; i++)
			m.erase(i);
		done_in("12", "std::map", "*");
		for (int i = 0; i < 2000; i++)
			s += "characters";
		done_in("12", "std::string", "*");
		auto p = std::allocate_shared<Big>(Counting<Big>());
		std::weak_ptr<Big> w = p;
		p.reset();
		done_in("12", "std::shared_ptr, held by a weak one", "*");
	}
	done_in("12", "all of them destroyed", "*");
}

/* --- exceptions ------------------------------------------------------------- */

/* What the runtime allocates for one: the object and its header, the size of
 * which is the ABI's (128 bytes and what the object needs). */
NOINLINE int
thrower(int depth)
{
	Big local;

	local.bytes[0] = static_cast<char>(depth);
	if (depth == 0)
		throw Wide();
	return thrower(depth - 1) + local.bytes[0];
}

void
test_exceptions()
{
	int caught = 0;

	for (int i = 0; i < 200; i++) {
		void *p = got(malloc(99), 99);

		try {
			thrower(i);
		} catch (const Wide &) {
			caught++;
		}
		free(p);
		gone(99);
	}
	NEED(caught == 200);
	done_in("25", "200 exceptions through up to 200 frames",
		prog_module);

	caught = 0;
	for (int i = 0; i < 100; i++) {
		try {
			void *p = ::operator new(hide(SIZE_MAX / 2 - 100));

			::operator delete(p);
		} catch (const std::bad_alloc &) {
			caught++;
		}
	}
	NEED(caught == 100);
	done_in("12", "std::bad_alloc: what failed is nothing", prog_module);

	NEED(!::operator new(hide(SIZE_MAX / 2 - 100), std::nothrow));
	try {
		std::vector<int>(hide(SIZE_MAX / 4));
		NEED(!"not reached");
	} catch (const std::length_error &) {
	}
	done_in("12", "nothrow new that fails; std::length_error",
		prog_module);
}

void
test_exceptions_in_threads()
{
	std::vector<std::thread> threads;

	for (int t = 0; t < 4; t++) {
		threads.emplace_back([] {
			for (int i = 0; i < 500; i++) {
				try {
					free(malloc(1201));
					thrower(i % 50);
				} catch (const Wide &) {
				}
			}
		});
	}
	for (auto &t : threads)
		t.join();
	for (int i = 0; i < 4 * 500; i++) {
		got(&threads, 1201);
		gone(1201);
	}
	done_in("25", "exceptions in four threads at a time", prog_module);
}

/* --- thread_local ------------------------------------------------------------- */

struct Owner {
	char *p = nullptr;
	~Owner()
	{
		/* Allocates once more while the thread is ending. */
		free(p);
		free(malloc(3002));
	}
};

thread_local Owner owner;

void
test_thread_local()
{
	for (int i = 0; i < 50; i++)
		std::thread([] {
			owner.p = static_cast<char *>(malloc(3001));
		}).join();
	for (int i = 0; i < 50; i++) {
		got(&owner, 3001);
		got(&owner, 3002);
		gone(3001);
		gone(3002);
	}
	done_in("21", "thread_local destructors free and allocate",
		prog_module);
}

} // namespace

int
main()
{
	/* What the runtime makes at the first use of it. */
	try {
		throw 1;
	} catch (int) {
	}
	start();
	test_new();
	test_aligned();
	test_containers();
	test_exceptions();
	test_exceptions_in_threads();
	test_thread_local();
	return 0;
}
