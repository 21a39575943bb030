// SPDX-License-Identifier: MIT
//
// shapes.cc - templates, inlining, lambdas: for the names that debug
// information gives them.  symbols.t asks for the places where `mark` is
// called; a function's last call is a jump.

#ifdef __clang__
#define NOIPA __attribute__((noinline))
#else
#define NOIPA __attribute__((noinline, noipa))
#endif

extern "C" NOIPA void
mark(int n)
{
	__asm__ volatile("" : : "r"(n) : "memory");
}

namespace shop {

template <class T> class Shelf {
public:
	__attribute__((always_inline)) inline void put(T item)
	{
		mark(1); // in put
		items += item;
		mark(2); // in put again
	}
	template <class F> __attribute__((noinline)) void each(F f)
	{
		f(items);
		mark(3); // in each
		mark(3);
	}

private:
	T items = 0;
};

namespace {
__attribute__((noinline)) int
hidden(int n)
{
	mark(4); // in hidden
	mark(4);
	return n + 1;
}
}

struct Base {
	__attribute__((noinline)) Base()
	{
		mark(5); // in Base
		mark(5);
	}
	virtual int area() const = 0;
	virtual ~Base() = default;
};

struct Square : Base {
	__attribute__((noinline)) int area() const override
	{
		mark(6); // in area
		return 4;
	}
};

__attribute__((noinline)) void
fill(int n)
{
	Shelf<long> shelf;

	shelf.put(n); // fill puts
	shelf.each([](long v) {
		mark(7); // in lambda
		hidden(int(v));
		mark(8);
	});
	mark(9); // in fill
	mark(9);
}

} // namespace shop

int
main(int argc, char **)
{
	shop::Square square;
	const shop::Base &base = square;

	shop::fill(argc + base.area());
	mark(10); // in main
	return 0;
}
