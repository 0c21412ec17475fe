
pub mod bench;
pub mod theme;
