// Package catalog knows which plugins are installed, which of them are trusted,
// which tools a filter leaves, and whether arguments fit a tool.
//
// It reads files and nothing else: it starts no process and dials nothing, so
// that tools/list and --tools are answered before any plugin runs.
package catalog
