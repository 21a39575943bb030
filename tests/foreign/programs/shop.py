"""A Flask application that leaks and cycles as many do: a module's cache that
keys by session, lru_cache on a method, exceptions kept with their frames, an
order and its items that know each other.  Serves itself ARGV[1] rounds."""
import functools
import sys

from flask import Flask, jsonify, request

app = Flask(__name__)
PRICES = {}
failures = []


class Quote:
    def __init__(self, customer, lines):
        self.customer = customer
        self.lines = lines

    @functools.lru_cache(maxsize=None)
    def total(self, discount):
        return sum(n * p for n, p in self.lines) * (100 - discount) // 100


class Basket:
    def __init__(self):
        self.items = [Item(self, i) for i in range(5)]


class Item:
    def __init__(self, basket, i):
        self.basket = basket
        self.number = i


@app.route("/quote/<customer>")
def quote(customer):
    n = int(request.args["n"])
    q = Quote(customer, [(i, n + i) for i in range(10)])
    return jsonify(total=q.total(n % 7))


@app.route("/price/<int:n>")
def price(n):
    key = "%s?%s" % (request.path, request.query_string.decode())
    if key not in PRICES:
        PRICES[key] = {"net": n, "gross": n * 119 // 100,
                       "label": "item %d" % n}
    return jsonify(PRICES[key])


@app.route("/check/<int:n>")
def check(n):
    basket = Basket()
    payload = bytes(20000)
    try:
        return jsonify(rest=len(payload) // (n % 50), n=len(basket.items))
    except ZeroDivisionError as e:
        failures.append(e)
        return "no", 500


if __name__ == "__main__":
    client = app.test_client()
    for n in range(int(sys.argv[1])):
        client.get("/quote/c%d?n=%d" % (n % 100, n))
        client.get("/price/%d?session=%d" % (n % 10, n))
        client.get("/check/%d" % n)
    print(len(PRICES), len(failures), Quote.total.cache_info().currsize)
