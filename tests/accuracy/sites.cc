// SPDX-License-Identifier: MIT
//
// sites.cc - allocates in many ways and places, always the same: heaptrack.t
// runs it under heaptrack and under rcprof.  Compiled without inlining, since
// the two do not order inlined frames alike.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace depot {

struct Node {
	Node *next;
	char pad[40];
};

static std::vector<std::unique_ptr<int[]>> kept;
static void *leaks[64];
static int leak_count;

Node *
chain(int n)
{
	if (n == 0)
		return nullptr;
	Node *p = new Node();
	p->next = chain(n - 1);
	return p;
}

void
drop(Node *p)
{
	while (p) {
		Node *next = p->next;

		delete p;
		p = next;
	}
}

void
keep(int n)
{
	for (int i = 0; i < n; i++)
		kept.push_back(std::make_unique<int[]>(100));
}

int
words(int n)
{
	std::map<std::string, int> counts;

	for (int i = 0; i < n; i++)
		counts[std::string(50, char('a' + i % 26)) +
		       std::to_string(i)] = i;
	return int(counts.size());
}

void
raw()
{
	void *p = std::malloc(1000), *aligned;

	p = std::realloc(p, 5000);
	std::free(std::calloc(10, 10));
	std::free(p);
	if (posix_memalign(&aligned, 64, 4096) != 0)
		std::abort();
	leaks[leak_count++] = aligned;
}

template <class T>
T *
make(int n)
{
	T *p = new T[n];

	for (int i = 0; i < n; i++)
		p[i] = T(i);
	return p;
}

struct Thrower {
	std::string text = std::string(100, 'x');

	void
	fail()
	{
		throw std::string(200, 'y');
	}
};

int
catches()
{
	try {
		Thrower().fail();
	} catch (const std::string &text) {
		return int(text.size());
	}
	return 0;
}

void
work()
{
	keep(5);
	raw();
	delete[] make<long>(50);
}

} // namespace depot

int
main()
{
	depot::drop(depot::chain(30));
	depot::keep(100);
	int n = depot::words(200) + depot::catches();
	for (int i = 0; i < 7; i++)
		depot::raw();
	double *d = depot::make<double>(1000);
	std::thread(depot::work).join();
	n += int(d[1]);
	delete[] d;
	return n == 401 ? 0 : 1;
}
