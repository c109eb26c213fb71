//! JSON lines, without a tree for what nobody asks for.
