// Package resource is for plugins whose tools are much alike: it lists, finds by id or name, and makes tools of rows.
//
// A [Collection] is a list of the Management API: it pages, and finds an object by its id or its exact name. A [Tool]
// is a row: one operation, its arguments ([Arg]), and the collection that it lists. [Tools] makes the tools of a plugin
// of such rows.
package resource
