package redact

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// namedFields is how many fields a report names: it is read by a model, and an
	// answer may have thousands.
	namedFields = 8
	// namedDepth is how many names of a path are written, from the top.
	namedDepth = 8
)

// Stripped is what was taken out of one answer.
type Stripped struct {
	// Characters is how many.
	Characters int
	// Fields are the first that they stood in, such as "logs[].user_agent"; a list
	// stands for each of its items.
	Fields []string
	// More is true if they stood in others too.
	More bool
}

func (s *Stripped) add(characters int, path []step) {
	if characters == 0 {
		return
	}
	s.Characters += characters
	field := fieldName(path)
	switch {
	case slices.Contains(s.Fields, field):
	case len(s.Fields) < namedFields:
		s.Fields = append(s.Fields, field)
	default:
		s.More = true
	}
}

// String says it to whoever reads the answer; "" if nothing was stripped.
func (s Stripped) String() string {
	if s.Characters == 0 {
		return ""
	}
	word := "characters"
	if s.Characters == 1 {
		word = "character"
	}
	fields := strings.Join(s.Fields, ", ")
	if s.More {
		fields += " and other fields"
	}
	return fmt.Sprintf("stripped %d invisible %s from %s", s.Characters, word, fields)
}

// plainName is a name that says nothing but itself. Any other was perhaps chosen
// to be read in a report.
var plainName = lazy(`^"[A-Za-z0-9_-]{1,40}"$`)

func fieldName(path []step) string {
	var name strings.Builder
	for i, step := range path {
		switch {
		case i == namedDepth:
			return name.String() + "…"
		case step.name == nil:
			name.WriteString("[]")
			continue
		case name.Len() > 0:
			name.WriteByte('.')
		}
		if plainName().Match(step.name) {
			name.Write(step.name[1 : len(step.name)-1])
		} else {
			name.WriteByte('*')
		}
	}
	if name.Len() == 0 {
		return "the answer"
	}
	return name.String()
}
