package redact

// Marker stands in a tool's result where a secret was. Arguments of a tool that
// changes the tenant must not contain it: the value was read in its redacted form,
// and sending it back would overwrite the real one.
const Marker = "[REDACTED]"
