//! tmp
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let l = results::Run::read(std::path::Path::new(&a[1])).expect("read");
    println!("{}", reports::table(&l.run, Some(120), false));
    println!("{}", reports::render(&[l], std::path::Path::new(&a[2])).expect("render").display());
}
