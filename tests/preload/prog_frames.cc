/* SPDX-License-Identifier: MIT
 *
 * prog_frames.cc - what a JIT does: tells the unwinder of its code, throws,
 * and takes it back, in a loop and in several threads.  The unwinder holds a
 * lock while it allocates.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

extern "C" void __register_frame(void *);
extern "C" void __deregister_frame(void *);

namespace {

constexpr int threads = 4, rounds = 1500;

/* One CIE, one FDE for CODE, and the end. */
class frames {
	alignas(8) unsigned char bytes[80] = {};

	template <typename T> void put(size_t at, T value)
	{
		memcpy(bytes + at, &value, sizeof(value));
	}

public:
	frames(const void *code, uint64_t size)
	{
		/* Version 1, no augmentation, 1, -8, return address 16;
		 * CFA = rsp + 8; the return address at CFA - 8. */
		static const unsigned char cie[] = { 1, 0, 1, 0x78, 16, 0x0c,
						     7, 8, 0x90, 1 };

		put<uint32_t>(0, 20);
		memcpy(bytes + 8, cie, sizeof(cie));
		put<uint32_t>(24, 28);
		put<uint32_t>(28, 28);
		put<uint64_t>(32, reinterpret_cast<uintptr_t>(code));
		put<uint64_t>(40, size);
		__register_frame(bytes);
	}
	~frames()
	{
		__deregister_frame(bytes);
	}
	frames(const frames &) = delete;
	frames &operator=(const frames &) = delete;
};

__attribute__((noinline)) void
thrower(int n)
{
	std::vector<std::string> some(4, std::string(100, 'x'));

	if (n > 0)
		thrower(n - 1);
	throw some[1] + "thrown";
}

void
body(long *caught)
{
	for (int i = 0; i < rounds; i++) {
		static unsigned char code[threads * rounds];
		frames known(code + i, 1);

		try {
			thrower(i % 7);
		} catch (const std::string &s) {
			*caught += s.size() == 106;
		}
	}
}

} // namespace

int
main()
{
	std::vector<std::thread> all;
	long caught[threads] = {}, sum = 0;

	for (auto &c : caught)
		all.emplace_back(body, &c);
	for (auto &t : all)
		t.join();
	for (auto c : caught)
		sum += c;
	printf("%ld caught\n", sum);
	return 6;
}
