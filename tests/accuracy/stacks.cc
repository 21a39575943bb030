// SPDX-License-Identifier: MIT
//
// stacks.cc - allocates at the end of call stacks of many kinds; each block has
// a size of its own, by which gdb.t finds its stack in rcprof's profile and in
// gdb's.  Also compiled as a library with -DPLUGIN, which is dlopened.

#include <alloca.h>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#define NOINLINE __attribute__((noinline))
#define KEEP() __asm__ volatile("" : : : "memory")
#define KEEP_INT(n) __asm__ volatile("" : "+r"(n))

#ifdef PLUGIN

namespace plugin {
NOINLINE void
inner(void (*callback)(size_t), size_t size)
{
	callback(size);
	KEEP();
}
}

extern "C" void
plugin_calls(void (*callback)(size_t), size_t size)
{
	plugin::inner(callback, size);
	void *p = malloc(size + 1);
	KEEP();
	free(p);
}

#else

#include <algorithm>
#include <dlfcn.h>
#include <functional>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <ucontext.h>
#include <vector>

void *volatile last;

extern "C" NOINLINE void
allocate(size_t size)
{
	last = malloc(size);
	KEEP();
}

/* --- recursion and inlining ------------------------------------------------ */

NOINLINE static int
recurse(int depth, size_t size)
{
	if (depth == 0) {
		allocate(size);
		return 1;
	}
	int n = recurse(depth - 1, size);
	KEEP_INT(n);
	return n + 1;
}

static int odd(int n, size_t size);

NOINLINE static int
even(int n, size_t size)
{
	if (n == 0) {
		allocate(size);
		return 0;
	}
	n = odd(n - 1, size);
	KEEP_INT(n);
	return n + 1;
}

NOINLINE static int
odd(int n, size_t size)
{
	n = even(n - 1, size);
	KEEP_INT(n);
	return n + 1;
}

namespace deep {
template <int N>
__attribute__((always_inline)) static inline void
nest(size_t size)
{
	nest<N - 1>(size);
	KEEP();
}
template <>
__attribute__((always_inline)) inline void
nest<0>(size_t size)
{
	allocate(size);
	KEEP();
}
}

NOINLINE static void
inlined(size_t size)
{
	deep::nest<5>(size);
	allocate(size + 1);
	KEEP();
}

NOINLINE static void
big_frame(size_t size, int n)
{
	char *p = static_cast<char *>(alloca(size_t(n)));

	memset(p, n, size_t(n));
	allocate(size);
	KEEP();
}

/* --- callbacks ------------------------------------------------------------- */

static size_t callback_size;

static int
compare(const void *a, const void *b)
{
	if (callback_size) {
		allocate(callback_size);
		callback_size = 0;
	}
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

NOINLINE static void
callbacks(size_t size)
{
	int numbers[] = { 3, 1, 2 };

	callback_size = size;
	qsort(numbers, 3, sizeof(int), compare);
	callback_size = size + 1;
	int key = 2;
	bsearch(&key, numbers, 3, sizeof(int), compare);
	std::vector<int> v(numbers, numbers + 1);
	std::for_each(v.begin(), v.end(), [size](int) {
		allocate(size + 2);
		KEEP();
	});
	std::function<void(size_t)> f = [](size_t n) {
		allocate(n);
		KEEP();
	};
	f(size + 3);
	KEEP();
}

struct Shape {
	virtual void draw(size_t size) = 0;
	virtual ~Shape() = default;
};

struct Square final : Shape {
	NOINLINE void
	draw(size_t size) override
	{
		allocate(size);
		KEEP();
	}
};

NOINLINE static void
draw(Shape *shape, size_t size)
{
	shape->draw(size);
	KEEP();
}

/* --- exceptions ------------------------------------------------------------ */

struct Guard {
	size_t size;
	NOINLINE ~Guard() { allocate(size); KEEP(); }
};

struct Big {
	char text[200000];
};

NOINLINE static void
throws(int depth, size_t size)
{
	Guard guard = { size + size_t(depth) };

	if (depth == 0)
		throw std::runtime_error("thrown");
	throws(depth - 1, size);
	KEEP();
}

NOINLINE static void
exceptions(size_t size)
{
	try {
		throws(3, size);
	} catch (const std::exception &e) {
		allocate(size + 10);
		try {
			throw Big();
		} catch (const Big &) {
			allocate(size + 11);
		}
	}
	KEEP();
}

/* --- signals and other stacks ---------------------------------------------- */

static volatile size_t signal_size;

static void
handler(int)
{
	allocate(signal_size);
	KEEP();
}

NOINLINE static void
signals(size_t size, int flags)
{
	struct sigaction action = {};
	stack_t stack = {};

	action.sa_handler = handler;
	action.sa_flags = flags;
	stack.ss_sp = malloc(65536);
	stack.ss_size = 65536;
	sigaltstack(&stack, nullptr);
	sigaction(SIGUSR1, &action, nullptr);
	signal_size = size;
	raise(SIGUSR1);
	KEEP();
}

static ucontext_t here, there;

static void
coroutine(int high)
{
	allocate(size_t(high));
	swapcontext(&there, &here);
}

NOINLINE static void
switches(size_t size)
{
	getcontext(&there);
	there.uc_stack.ss_sp = malloc(65536);
	there.uc_stack.ss_size = 65536;
	there.uc_link = &here;
	makecontext(&there, reinterpret_cast<void (*)()>(coroutine), 1,
		    int(size));
	swapcontext(&here, &there);
	allocate(size + 1);
	KEEP();
}

/* --- threads and libraries ------------------------------------------------- */

static void *
thread(void *size)
{
	recurse(3, reinterpret_cast<size_t>(size));
	return nullptr;
}

NOINLINE static void
threads(size_t size)
{
	pthread_t id;

	pthread_create(&id, nullptr, thread, reinterpret_cast<void *>(size));
	pthread_join(id, nullptr);
	std::thread([size] { allocate(size + 1); KEEP(); }).join();
}

NOINLINE static int
libraries(const char *path, size_t size)
{
	void *library = dlopen(path, RTLD_LAZY);
	void *function = library ? dlsym(library, "plugin_calls") : nullptr;

	if (!function)
		return 1;
	reinterpret_cast<void (*)(void (*)(size_t), size_t)>(function)(
		allocate, size);
	dlclose(library);
	return 0;
}

int
main(int argc, char **argv)
{
	Square square;

	for (int i = 0; i < 4; i++)
		recurse(i * i * i * 5, size_t(100000 + i));
	even(6, 100010);
	inlined(100020);
	big_frame(100030, 100 + argc);
	big_frame(100031, 30000 + argc);
	callbacks(100040);
	draw(&square, 100050);
	exceptions(100060);
	signals(100080, 0);
	signals(100081, SA_ONSTACK);
	switches(100090);
	threads(100100);
	return argc > 1 ? libraries(argv[1], 100110) : 1;
}

#endif
