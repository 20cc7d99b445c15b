package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// Format characters that have a use in writing.
const (
	zeroWidthSpace     = '\u200b'
	zeroWidthNonJoiner = '\u200c'
	zeroWidthJoiner    = '\u200d'
	leftToRightMark    = '\u200e'
	rightToLeftMark    = '\u200f'
	arabicLetterMark   = '\u061c'
	textStyle          = '\ufe0e' // variation selector 15
	emojiStyle         = '\ufe0f' // variation selector 16
	mongolianVowelSep  = '\u180e'
	combiningKeycap    = '\u20e3'
	blackFlag          = '\U0001f3f4'
)

// Invisible reports whether nothing is drawn for a character that a model reads
// all the same: controls but for tab and line ends, format characters, variation
// selectors, fillers, noncharacters. Private use characters are drawn, if only
// as a box, and icons in a form's texts are such.
func Invisible(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t' && r != '\n' && r != '\r'
	case r < 0x7f:
		return false
	case r < 0xa0:
		return true
	case r < 0x300:
		return r == '\u00ad' // soft hyphen
	case r >= 0x3400 && r < 0xd800:
		return false // ideographs and Hangul: the tables say nothing of them
	}
	// Of the format characters some are drawn: the signs that enclose numbers, and
	// the joins of hieroglyphs.
	if unicode.Is(unicode.Cf, r) {
		return !unicode.In(r, unicode.Prepended_Concatenation_Mark, unicode.Egyptian_Hieroglyphs)
	}
	return unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Noncharacter_Code_Point)
}

// joinedScripts are those in which the joiners decide which letter is drawn.
// Source: The Unicode Standard, chapters 9, 12, 13, 14, 16 and 19.
var joinedScripts = []*unicode.RangeTable{
	unicode.Arabic, unicode.Syriac, unicode.Mandaic, unicode.Mongolian, unicode.Nko, unicode.Adlam,
	unicode.Hanifi_Rohingya, unicode.Phags_Pa,
	unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu,
	unicode.Kannada,
	unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar, unicode.Tibetan, unicode.Balinese,
	unicode.Javanese, unicode.Meetei_Mayek,
	unicode.Grantha, unicode.Chakma, unicode.Newa, unicode.Tirhuta,
}

// unspacedScripts are those that put a zero-width space between words.
var unspacedScripts = []*unicode.RangeTable{unicode.Khmer, unicode.Thai, unicode.Lao, unicode.Myanmar, unicode.Tai_Tham,
	unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Viet}

// regions are the flags that are written with tags: England, Scotland, Wales. All
// that Unicode recommends; any other sequence of tags can carry any text.
var regions = []string{tagged("gbeng"), tagged("gbsct"), tagged("gbwls")}

func tagged(region string) string {
	return strings.Map(func(r rune) rune { return 0xe0000 + r }, region) + "\U000e007f"
}

// Strip is a text without its invisible characters, but for those that decide how the
// text around them is displayed.
func Strip(text string) string {
	text, _, _ = strip(text)
	return text
}

// strip removes the invisible characters of a text, and leaves what decides how the
// text around it is drawn: joiners, directional marks, the style of a symbol, one
// at each place. stripped counts characters; kept reports whether any invisible
// one is left.
func strip(text string) (clean string, stripped int, kept bool) {
	if isPlainASCII(text) || strings.IndexFunc(text, Invisible) < 0 {
		return text, 0, false
	}
	s := stripper{text: text, rtl: strings.ContainsFunc(text, rightToLeft)}
	s.out.Grow(len(text))
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !Invisible(r) {
			s.out.WriteString(text[at : at+size])
			s.pass(r)
			at += size
			continue
		}
		end := at
		for end < len(text) {
			r, size := utf8.DecodeRuneInString(text[end:])
			if !Invisible(r) {
				break
			}
			end += size
		}
		before := s.out.Len()
		stripped += utf8.RuneCountInString(text[at:end]) - s.run(at, end)
		kept = kept || s.out.Len() > before
		at = end
	}
	return s.out.String(), stripped, kept
}

// isPlainASCII is the quick test for a text in which nothing is invisible.
func isPlainASCII(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' || c >= 0x7f) && c != '\t' && c != '\n' && c != '\r' {
			return false
		}
	}
	return true
}

// bare is a text without anything invisible.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if Invisible(r) {
			return -1
		}
		return r
	}, text)
}

// stripper goes through a text once. What stays invisible depends on what is
// drawn around it, and only on that: so stripping twice is stripping once.
type stripper struct {
	text string
	out  strings.Builder

	prev rune // drawn last; 0: nothing yet
	base rune // the same, but for marks that any script uses
	rtl  bool // some of the text goes from right to left
}

// pass notes a character that is drawn.
func (s *stripper) pass(r rune) {
	s.prev = r
	if !unicode.Is(unicode.Inherited, r) {
		s.base = r
	}
}

// run writes of the invisible characters between at and end those that stay, and
// counts them.
func (s *stripper) run(at, end int) (kept int) {
	run := s.text[at:end]
	next, _ := utf8.DecodeRuneInString(s.text[end:])
	if end == len(s.text) {
		next = 0
	}
	if s.prev == blackFlag {
		for _, region := range regions {
			if strings.HasPrefix(run, region) {
				s.out.WriteString(region)
				return utf8.RuneCountInString(region)
			}
		}
	}
	var joined, marked bool
	for _, r := range run {
		stays := false
		switch r {
		case textStyle, emojiStyle:
			stays = kept == 0 && takesStyle(s.prev, next)
		case zeroWidthJoiner, zeroWidthNonJoiner:
			stays = !joined && (joins(s.base) || joins(next) || r == zeroWidthJoiner && symbol(s.prev) && symbol(next))
			joined = joined || stays
		case zeroWidthSpace:
			stays = !joined && unicode.In(s.base, unspacedScripts...) && unicode.In(next, unspacedScripts...)
			joined = joined || stays
		case leftToRightMark, rightToLeftMark, arabicLetterMark:
			// Between two characters of ASCII nothing is mirrored or moved.
			stays = !marked && s.rtl && (!graphicASCII(s.prev) || !graphicASCII(next))
			marked = marked || stays
		case mongolianVowelSep:
			stays = kept == 0 && mongolian(s.prev) && mongolian(next)
		case '\u180b', '\u180c', '\u180d', '\u180f': // variants of the letter before
			stays = kept == 0 && mongolian(s.prev)
		}
		if stays {
			s.out.WriteRune(r)
			kept++
		}
	}
	return kept
}

// rightToLeft reports whether a character is a letter that is written from right
// to left.
func rightToLeft(r rune) bool {
	if r < 0x590 {
		return false // the first such script is Hebrew
	}
	properties, _ := bidi.LookupRune(r)
	return !Invisible(r) && (properties.Class() == bidi.R || properties.Class() == bidi.AL)
}

func joins(r rune) bool {
	return r > 0x7f && unicode.In(r, unicode.L, unicode.M) && unicode.In(r, joinedScripts...)
}

func mongolian(r rune) bool { return unicode.Is(unicode.Mongolian, r) && unicode.IsLetter(r) }

func graphicASCII(r rune) bool { return r > ' ' && r < 0x7f }

// symbol reports whether a character may be part of an emoji: the standard
// library has no table of them. Go's Unicode is older than the youngest emoji, so
// their blocks count as a whole.
func symbol(r rune) bool {
	return r > 0x7f && (unicode.In(r, unicode.So, unicode.Sm) || r >= 0x1f000 && r <= 0x1faff)
}

// takesStyle reports whether a character is drawn as text or as an emoji, by the
// selector behind it: a symbol, or a key's cap.
// Source: https://unicode.org/Public/UCD/latest/ucd/emoji/emoji-variation-sequences.txt
func takesStyle(r, next rune) bool {
	if next == combiningKeycap && r != 0 && strings.ContainsRune("0123456789#*", r) {
		return true
	}
	return symbol(r) || r != 0 && strings.ContainsRune("‼⁉ℹ〰", r)
}
