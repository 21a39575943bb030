"""A job as data people write it: tables are made, joined, grouped, reshaped
and thrown away.  What it prints depends on nothing but its seed."""
import hashlib

import numpy as np
import pandas as pd


def make(rows, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame({
        "id": np.arange(rows),
        "shop": random.integers(0, 500, rows),
        "day": pd.Timestamp("2026-01-01")
        + pd.to_timedelta(random.integers(0, 365, rows), unit="D"),
        "amount": random.gamma(2.0, 30.0, rows).round(2),
        "note": ["note %d" % n for n in random.integers(0, 999, rows)],
    })


def digest(frame):
    text = frame.to_csv(index=False, float_format="%.6f")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main():
    kept = []
    for seed in range(4):
        sales = make(60000, seed)
        shops = pd.DataFrame({"shop": range(500),
                              "city": ["city %d" % (n % 40)
                                       for n in range(500)]})
        joined = sales.merge(shops, on="shop")
        by_city = joined.groupby("city").agg(
            total=("amount", "sum"), most=("amount", "max"),
            days=("day", "nunique")).reset_index()
        table = joined.pivot_table(
            index=joined["day"].dt.month, columns=joined["shop"] % 10,
            values="amount", aggfunc="mean").reset_index()
        kept.append(joined.loc[joined["note"].str.endswith("7")])
        print(seed, digest(by_city), digest(table.round(6)), len(kept[-1]))
    left = np.random.default_rng(9).random((300, 300))
    print("%.6f" % np.linalg.svd(left @ left.T, compute_uv=False).sum())


main()
