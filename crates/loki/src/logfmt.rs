//! logfmt lines: `level=info msg="hello world"`.
