package export

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxStem is how long the part of a file's name may be that comes from an object's name, in bytes.
const maxStem = 120

// device matches names that Windows takes for devices, also with an extension.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
var device = lazily(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`)

// safe is a name as every system takes it for a file's. Combining characters are replaced, since some systems take the
// composed and the decomposed form for one name.
func safe(name string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(name, "-") {
		refused := strings.ContainsRune(`\/:<>"|?*~`, r) || !unicode.IsPrint(r) ||
			unicode.In(r, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		if refused {
			r = '-'
		}
		if b.Len()+utf8.RuneLen(r) > maxStem {
			break
		}
		b.WriteRune(r)
	}
	stem := strings.TrimRight(strings.TrimLeft(b.String(), " ."), " .")
	switch {
	case stem == "":
		return "unnamed"
	case device().MatchString(stem):
		return "_" + stem
	}
	return stem
}

// stemsOf are the file names of objects, without an extension. Objects whose names some system takes for the same get
// their ids added, all of them, so that a name does not depend on the others' order.
func stemsOf(objects []named) []string {
	count := map[string]int{}
	stems := make([]string, len(objects))
	for i, o := range objects {
		stems[i] = safe(o.name)
		count[fold(stems[i])]++
	}
	for i, o := range objects {
		if count[fold(stems[i])] > 1 {
			stems[i] += "-" + o.mark()[:12]
		}
	}
	return stems
}

// fold is what two names have in common that differ in case alone.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// identifier is a name of letters, digits and underscores, for placeholders and Terraform.
func identifier(parts ...string) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteByte('_')
		}
		gap := true // at the beginning and behind an underscore none is added
		for _, r := range part {
			if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
				b.WriteRune(r)
				gap = false
			} else if !gap {
				b.WriteByte('_')
				gap = true
			}
		}
	}
	return strings.Trim(b.String(), "_")
}
