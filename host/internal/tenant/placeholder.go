package tenant

import (
	"strings"
)

// PlaceholderError says that a setting holds a text in place of its value, as an example or
// a client's template has it. It must not be sent to anyone.
type PlaceholderError struct {
	// Text is the placeholder, empty if it may hold a secret.
	Text string
	// Fix says what to do.
	Fix string
}

func (e *PlaceholderError) Error() string {
	if e.Text == "" {
		return e.Fix
	}
	return "it is the placeholder " + e.Text + ": " + e.Fix
}

var (
	// ${user_config.token}, {{token}}, %TOKEN% and $TOKEN are what programs replace.
	unreplaced = lazily(`\$\{[^{}]*\}|\{\{[^{}]*\}\}|^%[A-Za-z_][A-Za-z0-9_]*%$|^\$[A-Za-z_][A-Za-z0-9_]*$`)
	// YOUR_TOKEN, your-tenant.us.auth0.com and the like are what a user replaces.
	example = lazily(`(?i)^(?:your[_-]?(?:auth0[_-]?)?(?:tenant|domain|token|access[_-]?token|api[_-]?token|` +
		`management[_-]?(?:api[_-]?)?token|client[_-]?id|client[_-]?secret|secret)(?:[_-]?here)?(?:\.[a-z0-9.-]*)?|` +
		`YOUR_[A-Z0-9_]+|(?:replace|change)[_-]?me|\.\.\.|…|x{3,}|todo)$`)
)

// Placeholder returns a *PlaceholderError if a setting's value is a placeholder or stands in
// quotation marks or brackets; nil if it may be a value.
func Placeholder(value string) error {
	value = strings.TrimSpace(value)
	if found := unreplaced().FindString(value); found != "" {
		const longest = 60
		if len(found) > longest {
			found = found[:longest] + "…"
		}
		return &PlaceholderError{found, "give the setting a value where the client asks for it, or remove it from the " +
			"client's configuration"}
	}
	if example().MatchString(value) {
		return &PlaceholderError{value, "put the real value in its place"}
	}
	if len(value) > 1 {
		switch value[:1] + value[len(value)-1:] {
		case `""`, `''`, "``":
			return &PlaceholderError{"", "it stands in quotation marks, which are not part of it: remove them"}
		case "<>", "[]":
			return &PlaceholderError{"", "it stands in brackets, as an example has it: put the value in their place"}
		}
	}
	// <tenant>.us.auth0.com: no value that is checked here holds these.
	if i := strings.IndexByte(value, '<'); i >= 0 && strings.IndexByte(value[i:], '>') > 0 {
		return &PlaceholderError{"", "it holds a placeholder in <…>: put the value in its place"}
	}
	return nil
}
