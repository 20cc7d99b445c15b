package catalog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// maxDescriptionBytes is where MCP clients cut descriptions.
	maxDescriptionBytes = 2048
	maxTitleBytes       = 128
	maxURLBytes         = 2048
	maxIconBytes        = 32 << 10 // as a data URL
	maxIcons            = 8
	maxExamples         = 10
	maxArgumentsBytes   = 4096 // of an example
)

// displayProblems checks what is shown of a plugin or a tool: its size, and that a
// user sees all that a model reads. Members that are not known were ignored before.
func displayProblems(d pluginv1.Display) []error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if err := checkShown(d.Title, maxTitleBytes, false); err != nil {
		report("title %w", err)
	}
	if err := checkShown(d.Description, maxDescriptionBytes, true); err != nil {
		report("description %w", err)
	}
	if d.Docs != "" {
		if err := checkURL(d.Docs); err != nil {
			report("docs %s: %w", jsondoc.Quote(d.Docs), err)
		}
	}
	if len(d.Icons) > maxIcons || len(d.Examples) > maxExamples {
		report("more than %d icons or %d examples", maxIcons, maxExamples)
		return problems
	}
	for i, icon := range d.Icons {
		if err := checkIcon(icon); err != nil {
			report("icons[%d]: %w", i, err)
		}
	}
	for i, example := range d.Examples {
		if err := checkExample(example); err != nil {
			report("examples[%d]: %w", i, err)
		}
	}
	return problems
}

func checkShown(text string, limit int, multiline bool) error {
	if len(text) > limit {
		return fmt.Errorf("of %d bytes: at most %d are allowed", len(text), limit)
	}
	return checkText(text, multiline)
}

// checkURL accepts a URL that a client may show as a link.
func checkURL(text string) error {
	u, err := url.Parse(text)
	plain := err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
	if !plain || len(text) > maxURLBytes || checkText(text, false) != nil {
		return fmt.Errorf("want an https URL of at most %d bytes", maxURLBytes)
	}
	return nil
}

var (
	iconType = regexp.MustCompile(`^image/(png|jpeg|webp)$`)
	iconSize = regexp.MustCompile(`^([1-9][0-9]{0,3}x[1-9][0-9]{0,3}|any)$`)
)

func checkIcon(icon pluginv1.Icon) error {
	if data, ok := strings.CutPrefix(icon.Src, "data:"); ok {
		mediaType, encoded, _ := strings.Cut(data, ";base64,")
		if _, err := base64.StdEncoding.DecodeString(encoded); err != nil || encoded == "" ||
			!iconType.MatchString(mediaType) || len(icon.Src) > maxIconBytes {
			return fmt.Errorf("src: want a data URL of a PNG, JPEG or WebP image in base64, of at most %d bytes", maxIconBytes)
		}
	} else if err := checkURL(icon.Src); err != nil {
		return fmt.Errorf("src %s: %w, or a data URL", jsondoc.Quote(icon.Src), err)
	}
	if icon.MimeType != "" && !iconType.MatchString(icon.MimeType) {
		return fmt.Errorf("mimeType %s: want image/png, image/jpeg or image/webp", jsondoc.Quote(icon.MimeType))
	}
	if len(icon.Sizes) > maxIcons {
		return fmt.Errorf("more than %d sizes", maxIcons)
	}
	for _, size := range icon.Sizes {
		if !iconSize.MatchString(size) {
			return fmt.Errorf("size %s: want such as 48x48, or any", jsondoc.Quote(size))
		}
	}
	return nil
}

func checkExample(example pluginv1.Example) error {
	if strings.TrimSpace(example.Description) == "" {
		return errors.New("no description")
	}
	if err := checkShown(example.Description, maxDescriptionBytes, false); err != nil {
		return fmt.Errorf("description %w", err)
	}
	if len(example.Arguments) == 0 {
		return nil
	}
	if len(example.Arguments) > maxArgumentsBytes {
		return fmt.Errorf("arguments of %d bytes: at most %d are allowed", len(example.Arguments), maxArgumentsBytes)
	}
	arguments, err := jsondoc.Decode(example.Arguments)
	if err != nil {
		return fmt.Errorf("arguments: %w", err)
	}
	if _, ok := arguments.(map[string]any); !ok {
		return errors.New("arguments: want a JSON object")
	}
	if err := checkTexts(arguments); err != nil {
		return fmt.Errorf("arguments: %w", err)
	}
	return nil
}

// checkExamples checks that the examples' arguments fit the tool's schema.
func checkExamples(schema *jsonschema.Schema, examples []pluginv1.Example) error {
	for i, example := range examples {
		if len(example.Arguments) == 0 {
			continue
		}
		arguments, err := jsondoc.Decode(example.Arguments)
		if err == nil {
			err = schema.Validate(arguments)
		}
		if err != nil {
			return fmt.Errorf("examples[%d]: the arguments do not fit inputSchema: %w", i, err)
		}
	}
	return nil
}
