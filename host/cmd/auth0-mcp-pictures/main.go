// Command auth0-mcp-pictures draws the pictures of the documentation as SVG: the walk of a call, and terminal sessions.
// It runs the commands of a session with the built binary, in an empty home folder: a picture shows what they really
// print.
//
//	auth0-mcp-pictures bin/auth0-mcp docs/images
package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

// picture is one terminal session.
type picture struct {
	file, title string
	// commands are the arguments of auth0-mcp. One may end with an exit status that is not 0.
	commands [][]string
	// question, if set, is what each command asks in its terminal, and typed the answer.
	question, typed string
}

func pictures() []picture {
	return []picture{{
		file: "session.svg", title: "auth0-mcp in a terminal",
		commands: [][]string{
			{"init", "--sandbox", "--client", "cursor"},
			{"call", "--sandbox", "auth0_list_applications", "name=deploy", `fields=["client_secret"]`},
			{"call", "--sandbox", "--approve", "terminal", "auth0_update_application", "client_id=Kiosk Device",
				`callbacks=["https://kiosk.example/signed-in"]`},
		},
	}, {
		file: "approval.svg", title: "A change is approved in a terminal",
		commands: [][]string{{"call", "--sandbox", "--approve", "terminal", "auth0_update_role", "role=Librarian",
			"description=Orders books for a library"}},
		question: "no to decline: ", typed: "yes",
	}}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: auth0-mcp-pictures BINARY FOLDER")
		os.Exit(2)
	}
	if err := drawAll(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "auth0-mcp-pictures:", err)
		os.Exit(1)
	}
}

func drawAll(ctx context.Context, binary, folder string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	for _, p := range pictures() {
		lines, err := p.play(ctx, binary)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		//nolint:gosec // a picture is public
		if err := os.WriteFile(filepath.Join(folder, p.file), draw(p.title, lines), 0o644); err != nil {
			return err
		}
	}
	//nolint:gosec // a picture is public
	return os.WriteFile(filepath.Join(folder, "call.svg"), drawCall(), 0o644)
}

// line is one row of the terminal.
type line struct {
	text  string
	typed bool
}

// columns is the width of the terminal.
const columns = 100

func (p picture) play(ctx context.Context, binary string) ([]line, error) {
	home, err := os.MkdirTemp("", "auth0-mcp-picture-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(home)
	if err := os.Mkdir(filepath.Join(home, ".cursor"), 0o700); err != nil {
		return nil, err
	}
	var lines []line
	for i, args := range p.commands {
		if i > 0 {
			lines = append(lines, line{})
		}
		for j, text := range wrap("$ "+clients.ShellWords(append([]string{"auth0-mcp"}, args...)), columns-2) {
			lines = append(lines, line{strings.Repeat("  ", min(j, 1)) + text, true})
		}
		out, err := p.run(ctx, binary, home, args)
		if err != nil {
			return nil, err
		}
		for text := range strings.Lines(settle(out, home)) {
			for _, row := range wrap(strings.TrimRight(text, "\n"), columns) {
				lines = append(lines, line{text: row})
			}
		}
	}
	return lines, nil
}

// run returns what a command prints.
func (p picture) run(ctx context.Context, binary, home string, args []string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // the binary that was just built
	cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "TERM=dumb"}
	if p.question != "" {
		return inTerminal(cmd, p.question, p.typed)
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return string(out), err
}

// What differs from run to run: the ids of approvals, the fingerprints of hidden values, and which progress a slow
// machine shows.
var (
	progress    = regexp.MustCompile(`(?m)^((…|\.\.\.) .*|[A-Z][^{}"]* \.\.\.)\n`)
	approvalID  = regexp.MustCompile(`\b[A-Z2-7]{4}-[A-Z2-7]{4}\b`)
	fingerprint = regexp.MustCompile(`\[REDACTED:[0-9a-z]+\]`)
)

func settle(out, home string) string {
	out = strings.ReplaceAll(out, home, "~")
	out = approvalID.ReplaceAllString(out, "K7QF-2M9D")
	out = progress.ReplaceAllString(out, "")
	return fingerprint.ReplaceAllString(out, "[REDACTED:k7q2m9xa]")
}

// wrap breaks a row at spaces, as far to the right as it fits.
func wrap(text string, width int) (rows []string) {
	for utf8.RuneCountInString(text) > width {
		head := string([]rune(text)[:width])
		at := strings.LastIndexByte(head, ' ')
		if at <= 0 {
			at = len(head)
		}
		rows = append(rows, text[:at])
		text = strings.TrimPrefix(text[at:], " ")
	}
	return append(rows, text)
}

// The size of the font, of a row and of a column, in pixels.
const (
	fontSize  = 14
	rowHeight = 20
	cellWidth = 8.4
	margin    = 20
	titleBar  = 36
)

func draw(title string, lines []line) []byte {
	width, height := int(columns*cellWidth)+2*margin, titleBar+len(lines)*rowHeight+margin
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", escaped(title))
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#16181d"/>`+"\n", width, height)
	for i, color := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="18" r="6" fill="%s"/>`+"\n", margin+i*20, color)
	}
	fmt.Fprintf(&b, `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="%d" `+
		`xml:space="preserve">`+"\n", fontSize)
	for i, row := range lines {
		color := "#c8ccd4"
		if row.typed {
			color = "#8be9a8"
		}
		if row.text != "" {
			fmt.Fprintf(&b, `<text x="%d" y="%d" fill="%s">%s</text>`+"\n", margin, titleBar+(i+1)*rowHeight-5, color,
				escaped(row.text))
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

func escaped(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return "" // a strings.Builder does not fail
	}
	return b.String()
}
