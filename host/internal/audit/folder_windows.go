package audit

import "io/fs"

// tightens is whether a file's mode says who can read it.
const tightens = false

// notOurs says who else could write a file or a folder. On Windows that is for the
// access control lists of the user's own folders, which are not looked at.
func notOurs(fs.FileInfo) string { return "" }

// writable says nothing on Windows: only trying tells.
func writable(string) error { return nil }
