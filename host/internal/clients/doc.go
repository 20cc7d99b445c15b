// Package clients knows the config files of MCP clients: where each client keeps
// its servers on each system, in which format and shape, and how to add, change
// and remove the entry that starts auth0-mcp.
//
// Those files belong to other programs and hold other people's work. Everything
// but our entry stays as it is, byte for byte: comments, order, indentation, line
// ends, unknown keys. A file that is not understood is left alone, with an error
// that says where; and nothing is written that does not, when it is read again,
// mean the same as before but for our entry.
package clients
