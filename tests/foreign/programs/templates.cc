// Enough of the standard library to keep the compiler busy.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N> struct tower {
	std::map<int, std::vector<std::variant<int, std::string>>> level;
	tower<N - 1> below;
	int sum() const { return static_cast<int>(level.size()) + below.sum(); }
};
template <> struct tower<0> {
	int sum() const { return 0; }
};

int
main()
{
	tower<40> all;
	std::unordered_map<std::string, std::function<int(int)>> table;
	std::regex words("([a-z]+)=([0-9]+)");
	std::ostringstream out;

	table["twice"] = [](int n) { return 2 * n; };
	all.level[1].push_back("one");
	out << all.sum() << std::regex_match("a=1", words) << table["twice"](3);
	std::cout << out.str() << '\n';
	return 0;
}
