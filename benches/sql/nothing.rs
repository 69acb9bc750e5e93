//! Nothing: this package is its benchmarks. A package needs a target that is none.
