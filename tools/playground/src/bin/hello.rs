//! Copy a step into this folder and change it: git ignores all programs here but this one.

fn main() {
    println!("Hello! Copy a step into tools/playground/src/bin, under a name of your own.");
}
