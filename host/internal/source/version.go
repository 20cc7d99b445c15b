package source

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/auth0-mcp/auth0-mcp/host/internal/release"
)

// NoVersionError means that no version of a source satisfies a constraint.
type NoVersionError struct {
	Constraint string
	// Available are the versions that there are, newest first; Yanked those of them that satisfy the constraint and are
	// withdrawn, with the reason.
	Available []string
	Yanked    map[string]string
}

func (e *NoVersionError) Error() string {
	if len(e.Available) == 0 {
		return "there is no version to choose from: check the source"
	}
	shown := e.Available
	if len(shown) > 10 {
		shown = append(slices.Clone(shown[:10]), "…")
	}
	text := fmt.Sprintf("no version satisfies %q: there is %s", e.Constraint, strings.Join(shown, ", "))
	if e.Constraint == "" {
		text = "there is no release to install: there is " + strings.Join(shown, ", ")
	}
	for v, reason := range e.Yanked {
		return text + fmt.Sprintf("; %s was withdrawn by its author (%s)", v, reason)
	}
	return text + ". Change the constraint, or name one of them"
}

// Select returns the newest version that satisfies a constraint; see [Satisfies]. A pre-release, and a version that its
// author has withdrawn, are chosen only if the constraint is exactly that version. The error is a *[NoVersionError],
// or says what is wrong with the constraint.
func Select(all []Version, constraint string) (Version, error) {
	none := &NoVersionError{Constraint: constraint, Yanked: map[string]string{}}
	if i := slices.IndexFunc(all, func(v Version) bool { return v.Version == strings.TrimSpace(constraint) }); i >= 0 {
		return all[i], nil
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Version) int { return release.CompareVersions(b.Version, a.Version) })
	for _, v := range sorted {
		ok, err := Satisfies(v.Version, constraint)
		if err != nil {
			return Version{}, err
		}
		if ok && v.Yanked == "" {
			return v, nil
		}
		if ok {
			none.Yanked[v.Version] = v.Yanked
		}
		none.Available = append(none.Available, v.Version)
	}
	return Version{}, none
}

// Satisfies reports whether a version satisfies a constraint: "1.2.3", "~> 1.2" (1.2 or later, below 2), or several
// joined by commas, such as ">= 1.0, < 2". An empty one is satisfied by every version but a pre-release. The error says
// what is wrong with the constraint.
func Satisfies(v, constraint string) (bool, error) {
	parsed, err := version.NewSemver(v)
	if err != nil {
		return false, fmt.Errorf("version %q: want a semantic version such as 1.2.3", v)
	}
	if constraint == "" {
		return parsed.Prerelease() == "", nil
	}
	wanted, err := version.NewConstraint(constraint)
	if err != nil {
		return false, fmt.Errorf("version constraint %q: want 1.2.3, ~> 1.2, or several joined by commas, such as "+
			">= 1.0, < 2", constraint)
	}
	return wanted.Check(parsed), nil
}
