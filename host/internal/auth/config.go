package auth

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/suggest"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// Config is the config file: which profiles there are and which store holds their
// sessions. It has no field for a secret.
type Config struct {
	// DefaultProfile is used when no profile is named.
	DefaultProfile string `toml:"default_profile,omitempty"`
	// Store holds the sessions of the profiles that name no store.
	Store    StoreKind          `toml:"store,omitempty"`
	Profiles map[string]Profile `toml:"profiles,omitempty"`
}

var (
	profileName = lazily(`^[a-z0-9][a-z0-9._-]{0,63}$`)
	// deviceName is what Windows opens as a device, whatever follows the first dot.
	deviceName = lazily(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
)

// lazily compiles a pattern when it is first used: a server that starts needs few.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// CheckProfileName refuses what can't be a profile's name. A name is also the name
// of a file, so it stays in its folder and means the same file on every system.
func CheckProfileName(name string) error {
	switch {
	case !profileName().MatchString(name):
		return fmt.Errorf("profile %s: a name has 1 to 64 of a-z, 0-9, '.', '_' and '-', and starts with a letter or a digit",
			quoteForeign(name))
	case deviceName().MatchString(name):
		return fmt.Errorf("profile %q: Windows takes this name for a device: choose another", name)
	}
	return nil
}

// quoteForeign quotes the start of a value that may be anything.
func quoteForeign(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return fmt.Sprintf("%q…", string(runes[:40]))
	}
	return fmt.Sprintf("%q", s)
}

// ConfigKeyError is a key that the config file must not have.
type ConfigKeyError struct {
	Line int
	// Key is the whole path, such as profiles.prod.domian.
	Key string
	// Near is the key that may have been meant; empty: none.
	Near string
	// Known are the keys that may stand in its place, sorted.
	Known []string
}

func (e *ConfigKeyError) Error() string {
	text := fmt.Sprintf("line %d: unknown key %s", e.Line, e.Key)
	switch last := e.Key[strings.LastIndexByte(e.Key, '.')+1:]; {
	case secretKey().MatchString(last):
		return text + ": no secret belongs into this file: remove the line, and sign in with auth0-mcp init, which keeps " +
			"secrets in a credential store"
	case e.Near != "":
		text += ", near " + e.Near
	}
	return text + "; known here: " + strings.Join(e.Known, ", ")
}

var secretKey = lazily(`(?i)secret|token|passw|passphrase|private|credential`)

// ConfigSyntaxError is where a config file stops being TOML, or holds a value of
// the wrong type.
type ConfigSyntaxError struct {
	Line, Column int // both from 1
	Err          error
}

func (e *ConfigSyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v: correct the line, or move the file away and sign in again with "+
		"auth0-mcp init", e.Line, e.Column, e.Err)
}

func (e *ConfigSyntaxError) Unwrap() error { return e.Err }

// ParseConfig reads a config file's text. Everything unknown is an error: a
// misspelt key must not silently mean the default.
func ParseConfig(data []byte) (Config, error) {
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	decoder := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	var c Config
	if err := decoder.Decode(&c); err != nil {
		return Config{}, explainTOML(err)
	}
	// Names as one writes them, also when a user typed them otherwise.
	for name, p := range c.Profiles {
		if err := p.normalize(); err != nil {
			return Config{}, fmt.Errorf("profile %s: %w", quoteForeign(name), err)
		}
		c.Profiles[name] = p
	}
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// byteOrderMark starts files that were saved by some Windows editors.
const byteOrderMark = "\ufeff"

func explainTOML(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var errs []error
		for i := range unknown.Errors {
			errs = append(errs, unknownKey(&unknown.Errors[i]))
		}
		return errors.Join(errs...)
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, column := wrong.Position()
		return &ConfigSyntaxError{Line: line, Column: column, Err: wrong}
	}
	return err
}

func unknownKey(err *toml.DecodeError) *ConfigKeyError {
	line, _ := err.Position()
	key := err.Key()
	known, wrong := tomlKeys[Config](), ""
	switch {
	case len(key) > 2 && key[0] == "profiles":
		known, wrong = tomlKeys[Profile](), key[2]
	case len(key) > 0:
		wrong = key[0]
	}
	near := ""
	if names := suggest.Near(wrong, known, 1); len(names) > 0 {
		near = names[0]
	}
	return &ConfigKeyError{Line: line, Key: strings.Join(key, "."), Known: known, Near: near}
}

// tomlKeys are the keys of a struct's fields, sorted.
func tomlKeys[T any]() []string {
	var keys []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		key, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (p *Profile) normalize() error {
	environment, err := tenant.ParseEnvironment(string(p.Environment))
	if err != nil {
		return err
	}
	p.Environment = environment
	for _, domain := range []*string{&p.Domain, &p.AuthDomain} {
		if *domain == "" {
			continue
		}
		normal, err := tenant.NormalizeDomain(*domain)
		if err != nil {
			return err
		}
		*domain = normal
	}
	return nil
}

// check holds of every config that is read or written.
func (c Config) check() error {
	if c.DefaultProfile != "" {
		if err := CheckProfileName(c.DefaultProfile); err != nil {
			return fmt.Errorf("default_profile: %w", err)
		}
	}
	if c.Store != "" {
		if _, err := ParseStoreKind(string(c.Store)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Profiles)) {
		if err := CheckProfileName(name); err != nil {
			return err
		}
		if err := c.Profiles[name].check(); err != nil {
			return fmt.Errorf("profile %q: %w", name, err)
		}
	}
	return nil
}

func (p Profile) check() error {
	switch p.Method {
	case "", Device, ClientSecret, PrivateKeyJWT, Given:
	default:
		return fmt.Errorf("method %s: want %s, %s, %s or %s", quoteForeign(string(p.Method)), Device, ClientSecret,
			PrivateKeyJWT, Given)
	}
	if _, err := tenant.ParseEnvironment(string(p.Environment)); err != nil {
		return err
	}
	if p.Store == "" {
		return nil
	}
	kind, err := ParseStoreKind(p.Store)
	if err == nil && kind == StoreCommand && len(p.Command) == 0 {
		err = errors.New(`the store "command" needs a command: add command = ["PROGRAM", "ARGUMENT"]`)
	}
	return err
}

// UnknownProfileError means that a profile was asked for that the config lacks.
type UnknownProfileError struct {
	// Name is what was asked for; empty: nothing was, and there is no default.
	Name string
	// Known are the profiles that there are, sorted.
	Known []string
}

func (e *UnknownProfileError) Error() string {
	known := "there are: " + strings.Join(e.Known, ", ")
	switch {
	case e.Name != "" && len(e.Known) == 0:
		return fmt.Sprintf("profile %s does not exist: sign in with auth0-mcp init --profile NAME", quoteForeign(e.Name))
	case e.Name != "":
		return fmt.Sprintf("profile %s does not exist (%s): name one of them with --profile, or sign in with auth0-mcp "+
			"init --profile NAME", quoteForeign(e.Name), known)
	case len(e.Known) == 0:
		return "no profile exists: sign in with auth0-mcp init"
	}
	return fmt.Sprintf("several profiles and no default (%s): name one with --profile, or choose the default with "+
		"auth0-mcp profiles use NAME", known)
}

// Select returns the profile of that name, or without a name the default, or the
// only one that there is. It never picks one of several: what is meant for one
// tenant must not reach another. The error is an [*UnknownProfileError].
func (c Config) Select(name string) (string, Profile, error) {
	names := slices.Sorted(maps.Keys(c.Profiles))
	if name == "" {
		name = c.DefaultProfile
	}
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	p, ok := c.Profiles[name]
	if !ok {
		return "", Profile{}, &UnknownProfileError{Name: name, Known: names}
	}
	return name, p, nil
}
