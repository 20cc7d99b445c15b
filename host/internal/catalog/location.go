package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// step is one step from a JSON value into another: by key if index is noIndex,
// otherwise by index.
type step struct {
	key   string
	index int
}

const noIndex = -1

func keyStep(key string) step {
	return step{key: key, index: noIndex}
}

func indexStep(i int) step {
	return step{index: i}
}

func (s step) isKey() bool {
	return s.index == noIndex
}

// location is the way from the root of a JSON document to one of its values.
type location []step

// with returns the location one step further, without sharing memory: several
// children grow from one parent.
func (l location) with(s step) location {
	return append(l[:len(l):len(l)], s)
}

// String writes the location as people write it, such as
// jwt_configuration.alg, callbacks[2] or metadata["a.b"]. The root is "".
func (l location) String() string {
	var b strings.Builder
	for _, s := range l {
		switch {
		case !s.isKey():
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case !isPlainKey(s.key):
			b.WriteString("[" + quoteShort(s.key) + "]")
		default:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.key)
		}
	}
	return b.String()
}

// underSecret reports whether the value at l may be a secret, judged by the keys
// that lead to it.
func (l location) underSecret() bool {
	for _, s := range l {
		if s.isKey() && isSecretKey(s.key) {
			return true
		}
	}
	return false
}

func isPlainKey(key string) bool {
	if key == "" || len(key) > maxQuoted {
		return false
	}
	for i := range len(key) {
		c := key[i]
		if !isASCIILetter(c) && !isDigit(c) && c != '_' && c != '-' && c != '$' {
			return false
		}
	}
	return true
}

// isSecretKey is broad on purpose: hiding a harmless value costs a little
// comfort, quoting a secret one puts it into a transcript.
func isSecretKey(key string) bool {
	folded := foldName(key)
	for _, mark := range [...]string{
		"secret", "password", "passwd", "passphrase", "token", "privatekey", "apikey",
		"credential", "authorization", "assertion", "cookie",
	} {
		if strings.Contains(folded, mark) {
			return true
		}
	}
	return false
}

// maxQuoted is how many characters of a foreign value an error repeats.
const maxQuoted = 40

// quoteShort quotes at most maxQuoted characters of s, with everything that does
// not print escaped.
func quoteShort(s string) string {
	n := 0
	for i := range s {
		if n == maxQuoted {
			return strconv.Quote(s[:i]) + "…"
		}
		n++
	}
	return strconv.Quote(s)
}

func isASCIILetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isLower(c byte) bool {
	return 'a' <= c && c <= 'z'
}

func isDigit(c byte) bool {
	return '0' <= c && c <= '9'
}

// compare orders locations as a reader meets them: a value before what is in it,
// indices by number, keys by name.
func (l location) compare(other location) int {
	return slices.CompareFunc(l, other, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.key, b.key))
	})
}
