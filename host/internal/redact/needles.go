package redact

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
)

// needle is a text to be found, and the value that it is a form of.
type needle struct{ text, value string }

// needles finds all of its texts in one pass. Each has at least minValue bytes: where the first eight are those of
// none, which a filter of bits tells, nothing is compared.
type needles struct {
	sorted []needle
	// shorter is for each text the place of the longest other one that it begins with; -1: none.
	shorter []int32
	filter  []uint64 // bits by the hash of the first eight bytes; none without texts
	shift   int      // of the hash, so that it has a bit of the filter
	most    int      // the length of the longest text
}

// A filter has at least bitsPerText bits for each text, so that few places are compared in vain, within bounds: the
// set of one call has a handful of texts, that of a list with many secrets thousands.
const (
	bitsPerText   = 512
	minFilterBits = 9
	maxFilterBits = 16
)

// span is where a value stands; "" where several overlap.
type span struct {
	start, end int
	value      string
}

func (s span) inside(outer span) bool { return outer.start <= s.start && s.end <= outer.end }

func newNeedles(texts []needle) *needles {
	texts = slices.DeleteFunc(texts, func(n needle) bool { return len(n.text) < minValue })
	slices.SortFunc(texts, func(a, b needle) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	texts = slices.CompactFunc(texts, func(a, b needle) bool { return a.text == b.text })
	n := &needles{sorted: texts, shorter: make([]int32, len(texts))}
	if len(texts) == 0 {
		return n
	}
	filterBits := min(max(bits.Len(uint(len(texts)*bitsPerText)), minFilterBits), maxFilterBits)
	n.filter, n.shift = make([]uint64, 1<<filterBits/64), 64-filterBits
	for i, one := range texts {
		n.shorter[i] = -1
		n.most = max(n.most, len(one.text))
		// The text before it, or what that begins with, and so on: in a sorted list a prefix is among these.
		for at := int32(i) - 1; at >= 0; at = n.shorter[at] {
			if strings.HasPrefix(one.text, texts[at].text) {
				n.shorter[i] = at
				break
			}
		}
		h := n.hash(binary.LittleEndian.Uint64([]byte(one.text[:8])))
		n.filter[h>>6] |= 1 << (h & 63)
	}
	return n
}

// hash spreads eight bytes over the filter's bits (Fibonacci hashing).
func (n *needles) hash(word uint64) uint64 { return word * 0x9e3779b97f4a7c15 >> n.shift }

// find returns where texts stand, the longest at each place, in order.
func (n *needles) find(text string) (spans []span) {
	for at := 0; ; {
		start, i := next(n, text, at)
		if start < 0 {
			return spans
		}
		spans = append(spans, span{start: start, end: start + len(n.sorted[i].text), value: n.sorted[i].value})
		at = start + 1
	}
}

// next is the first place, from one on, where a text stands, and the longest that does.
func next[T string | []byte](n *needles, text T, from int) (at, index int) {
	if len(n.sorted) == 0 || len(text)-from < minValue {
		return -1, 0
	}
	var word uint64
	for i := from; i < from+7; i++ {
		word = word>>8 | uint64(text[i])<<56
	}
	for i := from + 7; i < len(text); i++ {
		word = word>>8 | uint64(text[i])<<56
		h := n.hash(word)
		if n.filter[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		if index := n.longest(string(text[i-7 : min(len(text), i-7+n.most)])); index >= 0 {
			return i - 7, index
		}
	}
	return -1, 0
}

// longest is the longest text that another begins with; -1: none.
func (n *needles) longest(text string) int {
	i, found := slices.BinarySearchFunc(n.sorted, text, func(one needle, text string) int {
		return strings.Compare(one.text, text)
	})
	if !found {
		i--
	}
	for i >= 0 && !strings.HasPrefix(text, n.sorted[i].text) {
		i = int(n.shorter[i])
	}
	return i
}

// join makes one span of those that overlap.
func join(spans []span) (out []span) {
	for _, one := range spans {
		last := len(out) - 1
		switch {
		case last < 0 || one.start >= out[last].end:
			out = append(out, one)
		case one.end > out[last].end:
			out[last].end, out[last].value = one.end, ""
		}
	}
	return out
}
