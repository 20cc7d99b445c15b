package redact

// Syntax of JSON (RFC 8259), as jsondoc.Valid checks it.

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func endsLiteral(c byte) bool { return c == ',' || c == ']' || c == '}' || c <= ' ' }

// endOfString is where a string ends, from a place in it on; 0 if it has no end, or is not valid.
func endOfString(text []byte, at int) int {
	for at < len(text) {
		switch c := text[at]; {
		case c == '"':
			return at + 1
		case c < ' ':
			return 0
		case c == '\\':
			size := escapeSize(text[at:])
			if size == 0 {
				return 0
			}
			at += size
		default:
			at++
		}
	}
	return 0
}

// escapeSize is the length of the escape that a text begins with; 0 if it is not valid.
func escapeSize(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(text) >= 6 && hexadecimal(text[2:6]) >= 0 {
			return 6
		}
	}
	return 0
}

// isNumber reports whether a text is a number.
func isNumber(text []byte) bool {
	at := 0
	if at < len(text) && text[at] == '-' {
		at++
	}
	if at < len(text) && text[at] == '0' {
		at++
	} else if at = digits(text, at); at < 0 {
		return false
	}
	if at < len(text) && text[at] == '.' {
		if at = digits(text, at+1); at < 0 {
			return false
		}
	}
	if at < len(text) && text[at]|0x20 == 'e' {
		if at++; at < len(text) && (text[at] == '+' || text[at] == '-') {
			at++
		}
		if at = digits(text, at); at < 0 {
			return false
		}
	}
	return at == len(text)
}

// digits is where the digits from a place on end; -1 if there is none.
func digits(text []byte, at int) int {
	start := at
	for at < len(text) && digit(text[at]) {
		at++
	}
	if at == start {
		return -1
	}
	return at
}
