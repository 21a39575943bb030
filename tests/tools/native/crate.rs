// SPDX-License-Identifier: MIT
//
// crate.rs - Rust functions, one of them inlined, for symbols.t.

#[no_mangle]
#[inline(never)]
pub extern "C" fn mark(n: i32) {
    std::hint::black_box(n);
}

mod shop {
    pub struct Shelf<T> {
        pub item: T,
    }

    impl<T: Copy + Into<i64>> Shelf<T> {
        #[inline(always)]
        fn put(&mut self, item: T) {
            self.item = item;
            super::mark(1); // in put
            std::hint::black_box(&self.item);
        }

        #[inline(never)]
        pub fn fill(&mut self, item: T) {
            self.put(item); // fill puts
            super::mark(2); // in fill
            std::hint::black_box(&self.item);
        }
    }
}

fn main() {
    let mut shelf = shop::Shelf { item: 0i32 };
    shelf.fill(std::env::args().count() as i32);
    mark(3); // in main
    std::hint::black_box(&shelf.item);
}
