package doctor

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// Part is one file of a support bundle, with a few words about it.
type Part struct {
	Name, About string
	Data        []byte
}

// Bundle is what an issue report needs. No secret that was met is in it;
// masked also hides domains, client ids and the home folder.
func (d *Doctor) Bundle(findings []Finding, masked bool) ([]Part, error) {
	var report bytes.Buffer
	enc := json.NewEncoder(&report)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(findings); err != nil {
		return nil, err
	}
	config, err := d.configText()
	if err != nil {
		return nil, err
	}
	manifests, err := d.manifestText()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	stderr := d.stderr
	d.mu.Unlock()
	parts := []Part{
		{"doctor.json", "what doctor found", report.Bytes()},
		{"version.txt", "version and platform", []byte(d.versionText())},
		{"config.toml", "the profiles, without comments", config},
		{"plugins.json", "the plugins with their digests", manifests},
		{"environment.txt", "names of variables that matter, values of switches only", []byte(d.environmentText())},
		{"self-test.stderr.txt", "what the server of the self-test logged", []byte(stderr)},
	}
	mask := func(text string) string { return text }
	if masked {
		mask = d.masker().Replace
	}
	for i := range parts {
		parts[i].Data = []byte(mask(d.clean(string(parts[i].Data))))
	}
	return parts, nil
}

func (d *Doctor) versionText() string {
	return fmt.Sprintf("auth0-mcp %s\n%s\n%s\n", d.cfg.Version, runtime.Version(), d.platform())
}

// configText is the config written anew: a comment may hold anything. So may the
// arguments of a credential command, of which only the program is told.
func (d *Doctor) configText() ([]byte, error) {
	if d.configErr != nil {
		return []byte("# it can't be read: see doctor.json\n"), nil //nolint:nilerr // it is a finding of its own
	}
	told := d.config
	told.Profiles = map[string]auth.Profile{}
	for name, p := range d.config.Profiles {
		if len(p.Command) > 1 {
			p.Command = []string{p.Command[0], redact.Marker}
		}
		told.Profiles[name] = p
	}
	data, err := toml.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("writing the config for the bundle: %w", err)
	}
	return data, nil
}

func (d *Doctor) manifestText() ([]byte, error) {
	type listed struct {
		Name, Version, Origin, Manifest, Binary string
		Tools                                   int
	}
	list := []listed{}
	if _, found := d.known(); found != nil {
		for _, p := range found.Plugins() {
			list = append(list, listed{p.Name, p.Version, string(p.Origin), p.ManifestDigest.String(),
				p.Binary.String(), len(p.Tools)})
		}
	}
	return json.MarshalIndent(list, "", "  ")
}

// matters reports whether a variable can explain what the server does.
func matters(name string) bool {
	name = strings.ToUpper(name)
	for _, prefix := range []string{"AUTH0_", "XDG_", "SSL_CERT_", "SSH_", "WSL_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "DEBUG", "TMPDIR", "DBUS_SESSION_BUS_ADDRESS",
		"KUBERNETES_SERVICE_HOST", "CONTAINER",
		"CLAUDE_CONFIG_DIR", "GEMINI_CLI_HOME", "CODEX_HOME", "HOME", "APPDATA", "LOCALAPPDATA", "USERPROFILE",
		"DISPLAY", "WAYLAND_DISPLAY", "CI",
	}, name)
}

// switches are our variables that are true or false, and so no secret.
func switches() []string { return []string{"AUTH0_MCP_READ_ONLY", "AUTH0_MCP_ANALYTICS"} }

// environmentText names variables. A value is never shown, except true or false
// of our own switches.
func (d *Doctor) environmentText() string {
	var lines []string
	for _, pair := range d.at.environ {
		name, value, _ := strings.Cut(pair, "=")
		if !matters(name) {
			continue
		}
		on, err := account.ParseBool(name, value)
		switch {
		case strings.TrimSpace(value) == "":
			lines = append(lines, name+" (blank)")
		case !slices.Contains(switches(), name):
			lines = append(lines, name)
		case err != nil:
			lines = append(lines, name+" (neither true nor false)")
		default:
			lines = append(lines, fmt.Sprintf("%s=%t", name, on))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// masker hides what tells whose tenant and computer this is. The same name gets
// the same mask everywhere, so that the report still makes sense.
func (d *Doctor) masker() *strings.Replacer {
	type secret struct{ text, mask string }
	var known []secret
	add := func(text, mask string) {
		if text != "" && !slices.ContainsFunc(known, func(s secret) bool { return s.text == text }) {
			known = append(known, secret{text, mask})
		}
	}
	domains, applications := 0, 0
	domain := func(name string) {
		if name == "" || name == auth.DefaultAuthDomain {
			return
		}
		domains++
		mask := fmt.Sprintf("domain-%d.example", domains)
		add(name, mask)
		if host, _, err := net.SplitHostPort(name); err == nil {
			add(host, mask)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.config.Profiles)) {
		p := d.config.Profiles[name]
		domain(p.Domain)
		domain(p.AuthDomain)
		for _, id := range []string{p.ClientID, p.KeyID} {
			applications++
			add(id, fmt.Sprintf("client-%d", applications))
		}
	}
	given := d.at.getenv("AUTH0_DOMAIN")
	if normal, err := tenant.NormalizeDomain(given); err == nil {
		given = normal
	}
	domain(given)
	if session, _ := d.known(); session != nil {
		domain(session.Domain)
		add(session.ClientID, "client-0")
	}
	if home := d.at.places.Home; filepath.Dir(home) != home { // a container's may be the root
		add(home, "~")
		add(strings.ReplaceAll(home, `\`, `\\`), "~") // as JSON has it on Windows
	}
	// A name inside a longer one must not spoil it.
	slices.SortStableFunc(known, func(a, b secret) int { return len(b.text) - len(a.text) })
	var pairs []string
	for _, s := range known {
		pairs = append(pairs, s.text, s.mask)
	}
	return strings.NewReplacer(pairs...)
}

// BundleFile is a new file whose name is taken before its content is known.
type BundleFile struct {
	path string
	kept bool
}

// ClaimBundle takes the name. A file that is there is not overwritten: it may be
// the report of another day, or not a report at all.
func ClaimBundle(path string) (*BundleFile, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("--bundle %s: it exists, and is not overwritten: name another file, or remove it", path)
	}
	if err != nil {
		return nil, fmt.Errorf("--bundle: %w", err)
	}
	return &BundleFile{path: path}, f.Close()
}

// Abandon gives the name back if nothing came of it.
func (b *BundleFile) Abandon() {
	if !b.kept {
		_ = os.Remove(b.path)
	}
}

// Write puts the whole zip file in place at once.
func (b *BundleFile) Write(parts []Part) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(b.path), ".bundle-*")
	if err != nil {
		return fmt.Errorf("--bundle: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("--bundle: %w", errors.Join(err, os.Remove(temp.Name())))
		}
	}()
	if err := errors.Join(writeZip(temp, parts), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), b.path); err != nil {
		return err
	}
	b.kept = true
	return nil
}

// writeZip stores the parts as they are: they are small, and whoever sends them can
// search the file for what must not be in it.
func writeZip(out io.Writer, parts []Part) error {
	archive := zip.NewWriter(out)
	for _, p := range parts {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: p.Name, Method: zip.Store, Modified: time.Now()})
		if err != nil {
			return err
		}
		if _, err := w.Write(p.Data); err != nil {
			return err
		}
	}
	return archive.Close()
}
