package main

import (
	"path"
	"regexp"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// mark marks secret members and destinations in all definitions.
func (a *assembler) mark() {
	a.markAll(a.tables.secrets, marker{
		member:    func(m *managementapi.Member) { m.Secret = true },
		rest:      func(s *managementapi.Schema) { s.RestSecret = true },
		undecided: a.soundsSecret,
	})
	a.markAll(a.tables.destinations, marker{
		member:    func(m *managementapi.Member) { m.Destination = true },
		rest:      func(*managementapi.Schema) {},
		undecided: func(string, managementapi.Member) {},
	})
}

type marker struct {
	member    func(*managementapi.Member)
	rest      func(*managementapi.Schema)
	undecided func(definition string, m managementapi.Member) // no row matches
}

var secretName = regexp.MustCompile(`(?i)secret|passw|token|credential|private|ticket|signature|sas_?key|assertion|` +
	`authorization|api_?key|master|_key$|^key$|[a-z]Key$|pem|cert|otp|hash|bearer|invitation_url|recovery|` +
	`connection_?string|webhook|code$|^value$|^location$`)

// soundsSecret refuses a member that may hold a secret, if no row says whether it does.
func (a *assembler) soundsSecret(definition string, m managementapi.Member) {
	if secretName.MatchString(m.Name) && a.holdsText(m.Schema) {
		a.fail("secrets.txt: %s.%s sounds secret, and no row decides", definition, m.Name)
	}
}

// holdsText says whether a value can be any text, or a list of them, or whatever.
func (a *assembler) holdsText(s *managementapi.Schema) bool {
	switch s.Kind {
	case managementapi.KindAny:
		return true
	case managementapi.KindString:
		return len(s.Enum) == 0 && s.Format != "date-time"
	case managementapi.KindArray:
		return s.Items == nil || a.holdsText(s.Items)
	case managementapi.KindObject:
		return len(s.Members) == 0 && s.Rest != nil && a.holdsText(s.Rest)
	case managementapi.KindRef:
		target := a.definitions[s.Ref]
		return target.Kind != managementapi.KindObject && target.Kind != managementapi.KindUnion && a.holdsText(target)
	case managementapi.KindUnion:
		return slices.ContainsFunc(s.AnyOf, a.holdsText)
	}
	return false
}

func (a *assembler) markAll(rows []markRow, mark marker) {
	used := make([]bool, len(rows))
	for name, definition := range a.definitions {
		walkObjects(definition, func(s *managementapi.Schema) {
			for i := range s.Members {
				switch marked, decided := decide(rows, used, name, s.Members[i].Name); {
				case marked:
					mark.member(&s.Members[i])
				case !decided:
					mark.undecided(name, s.Members[i])
				}
			}
			if marked, _ := decide(rows, used, name, "..."); marked && s.Rest != nil {
				mark.rest(s)
			}
		})
	}
	for i, row := range rows {
		if !used[i] {
			a.fail("%s: no definition has %s.%s", row.where, row.definition, row.member)
		}
	}
}

// decide finds whether a member is marked: the last row that matches decides.
func decide(rows []markRow, used []bool, definition, member string) (marked, decided bool) {
	for i, row := range slices.All(rows) {
		if member == "..." != (row.member == "...") {
			continue
		}
		inDefinition, _ := path.Match(row.definition, definition)
		isMember, _ := path.Match(row.member, member)
		if inDefinition && (isMember || member == "...") {
			used[i] = true
			marked, decided = !row.exempt, true
		}
	}
	return marked, decided
}

// walkObjects calls visit for the objects of a definition, not those of others it refers to.
func walkObjects(s *managementapi.Schema, visit func(*managementapi.Schema)) {
	if s == nil {
		return
	}
	if s.Kind == managementapi.KindObject {
		visit(s)
	}
	walkObjects(s.Items, visit)
	walkObjects(s.Rest, visit)
	for _, one := range s.AnyOf {
		walkObjects(one, visit)
	}
	for _, m := range s.Members {
		walkObjects(m.Schema, visit)
	}
}
