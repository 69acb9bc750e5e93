//! What the referees share: a scratch server, its catalog as `sql` wants it, random choices that can be repeated.
//!
//! Owns: nothing of the product. Refuses: to be a dependency of anything in the workspace.
