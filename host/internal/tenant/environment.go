package tenant

import (
	"fmt"
	"strings"
)

// Environment is what a tenant is for.
type Environment string

const (
	// Development is a tenant in which nothing is lost.
	Development Environment = "development"
	// Production is a tenant that users sign in with.
	Production Environment = "production"
)

// ParseEnvironment reads an environment as a user writes it; empty means unknown.
func ParseEnvironment(s string) (Environment, error) {
	switch environment := Environment(strings.ToLower(strings.TrimSpace(s))); environment {
	case "", Development, Production:
		return environment, nil
	}
	return "", fmt.Errorf("environment %q: want %s or %s", s, Development, Production)
}
