package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// checkPlugins reads what is installed as the server does, and checks the digests
// that the server checks at each launch. No plugin is started.
func (d *Doctor) checkPlugins(ctx context.Context) []Finding {
	path, err := d.cfg.LockPath()
	if err != nil {
		return []Finding{fails("lock file", "set HOME to your home folder", "%v", err)}
	}
	lock, err := catalog.ReadLock(path)
	if err != nil {
		return []Finding{fails("lock file", "repair "+path+", or delete it and run `auth0-mcp plugin install PATH` "+
			"for each plugin", "%v: no plugin is loaded", err)}
	}
	findings := []Finding{passes("lock file", "%s, %s", path, english.Plural(len(lock.Plugins), "plugin", ""))}
	found, err := d.cfg.Plugins(ctx)
	if err != nil {
		return append(findings, fails("plugins", "auth0-mcp tools, which says the same with the same flags", "%v", err))
	}
	d.mu.Lock()
	d.catalog = found
	d.mu.Unlock()
	for _, p := range found.Plugins() {
		findings = append(findings, checkPlugin(p))
	}
	for _, r := range found.Refused() {
		findings = append(findings, explainRefusal(r))
	}
	if len(found.Plugins()) == 0 {
		findings = append(findings, fails("plugins", "make build, or auth0-mcp plugin install PATH",
			"none is loaded: a client would see no tools"))
	}
	return findings
}

func checkPlugin(p *catalog.Plugin) Finding {
	name := "plugin " + p.Name
	protocols := make([]string, len(p.Protocols))
	for i, version := range p.Protocols {
		protocols[i] = strconv.Itoa(version)
	}
	detail := fmt.Sprintf("%s, %s, protocol %s of %d, %s", p.Version, english.Plural(len(p.Tools), "tool", ""),
		strings.Join(protocols, "+"), pluginv1.ProtocolVersion, p.Origin)
	if p.Dev {
		return passes(name, "%s: %s, which is not checked", detail, p.Path)
	}
	remedy := "auth0-mcp plugin install " + p.ManifestPath
	switch p.Origin {
	case catalog.OriginBundled:
		remedy = "install auth0-mcp again, or run make build"
	case catalog.OriginUser:
		remedy = "auth0-mcp plugin sync, after finding out what changed it"
	case catalog.OriginDev, catalog.OriginDir:
	}
	digest, err := catalog.DigestFile(p.Path)
	switch {
	case err != nil:
		return fails(name, remedy, "%s: %v", detail, err)
	case digest != p.Binary:
		return fails(name, remedy, "%s: %s is not the binary that was trusted (%s now, %s then): it will not be "+
			"started", detail, p.Path, digest, p.Binary)
	}
	const shortened = len("sha256:") + 12 // `plugin list --json` and the bundle have all of it
	return passes(name, "%s, %s…", detail, digest.String()[:shortened])
}

// explainRefusal fails for what a user believes to be there and warns about the
// rest: an untrusted plugin does no harm.
func explainRefusal(r catalog.Refusal) Finding {
	detail := fmt.Sprintf("%s is not loaded: %s", r.Path, r.Reason)
	switch r.Kind {
	case catalog.Changed, catalog.Broken, catalog.WrongProtocol, catalog.Missing, catalog.WrongPlatform:
		return fails("plugin "+r.Name, r.Remedy, "%s", detail)
	case catalog.Untrusted, catalog.Duplicate, catalog.Replaced:
	}
	return warns("plugin "+r.Name, r.Remedy, "%s", detail)
}

// checkClients checks the entries of all clients, and those of the project in
// whose folder doctor was started.
func (d *Doctor) checkClients(context.Context) []Finding {
	installed, err := clients.List(d.at.places, d.at.folder)
	var findings []Finding
	for _, one := range installed {
		findings = append(findings, d.checkEntry(one))
	}
	for _, problem := range joined(err) {
		findings = append(findings, fails("clients", "correct the file: the client can't read it either", "%v",
			problem))
	}
	if len(findings) == 0 {
		findings = append(findings, warns("clients", "auth0-mcp clients add NAME",
			"no client that is known has an entry for auth0-mcp"))
	}
	return findings
}

// joined are the errors that were joined.
func joined(err error) []error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func (d *Doctor) checkEntry(one clients.Installed) Finding {
	check := "client " + one.Client.Name
	where := fmt.Sprintf("%s: entry %s in %s", one.Client.Title, one.Name, one.Path)
	name := one.Client.Name
	if one.Scope.Name != one.Client.Scopes[0].Name {
		name += ":" + one.Scope.Name
	}
	again := []string{"auth0-mcp", "clients", "add", name}
	if one.Entry.Sandbox {
		again = append(again, "--sandbox")
	}
	if one.Entry.Profile != "" {
		again = append(again, "--profile", one.Entry.Profile)
	}
	// What the entry leaves out must stay out: a repaired one that offers more would
	// be worse than a broken one.
	if one.Entry.Preset != "" {
		again = append(again, "--preset", one.Entry.Preset)
	}
	if one.Entry.Tools != "" {
		again = append(again, "--tools", one.Entry.Tools)
	}
	if one.Entry.ReadOnly {
		again = append(again, "--read-only")
	}
	remedy := clients.ShellWords(append(again, "--replace"))
	if one.Missing {
		return fails(check, remedy, "%s starts %s, which is not there", where, one.Entry.Command)
	}
	if name := one.Entry.Profile; name != "" && d.configErr == nil {
		if _, known := d.config.Profiles[name]; !known {
			return fails(check, "auth0-mcp init --profile "+name, "%s uses the profile %s, which does not exist",
				where, name)
		}
	}
	if one.Marked {
		return fails(check, remedy, "%s begins with a byte order mark, so that the client rejects the file", one.Path)
	}
	if !filepath.IsAbs(one.Entry.Command) {
		return warns(check, remedy, "%s starts %q, which a client that was not started from a shell may not find",
			where, one.Entry.Command)
	}
	if !sameFile(one.Entry.Command, d.at.executable) {
		return warns(check, remedy, "%s starts %s, another binary than this one", where, one.Entry.Command)
	}
	if base, says := d.otherFolder(one); base.Variable != "" {
		return warns(check, remedy, "%s %s, which is %s here: its server looks for profiles and sessions elsewhere", where,
			says, base.Folder)
	}
	if name, why := d.lacks(one); name != "" {
		return warns(check, fmt.Sprintf("set %s in the entry's env in %s", name, one.Path),
			"%s sets no %s, %s; some clients hand on their own", where, name, why)
	}
	return passes(check, "%s", where)
}

// otherFolder is a variable by which the entry's server has other folders than this command,
// and what the entry says of it.
func (d *Doctor) otherFolder(one clients.Installed) (base atomicfile.Base, says string) {
	if one.Env == nil {
		return atomicfile.Base{}, ""
	}
	for _, base := range d.at.bases {
		switch value, set := one.Sets(base.Variable); {
		case set && filepath.Clean(value) != base.Folder:
			return base, fmt.Sprintf("sets %s to %s", base.Variable, value)
		case !set && base.Moves && !slices.Contains(one.Env, base.Variable):
			return base, "sets no " + base.Variable
		}
	}
	return atomicfile.Base{}, ""
}

// lacks is a variable that the entry's server needs and is not given, and why.
func (d *Doctor) lacks(one clients.Installed) (variable, why string) {
	if one.Env == nil {
		return "", ""
	}
	const opener, authorities = "AUTH0_MCP_PASSPHRASE", "AUTH0_MCP_CA_FILE"
	elsewhere := one.Entry.Sandbox || slices.Contains(one.Env, "AUTH0_MCP_STORE") ||
		one.Entry.Profile == "" && slices.Contains(one.Env, "AUTH0_TOKEN")
	if !slices.Contains(one.Env, opener) && !elsewhere && d.configErr == nil {
		_, profile, err := d.config.Select(one.Entry.Profile)
		kind, _, storeErr := auth.StoreWishes{Profile: profile, Config: d.config}.Choose()
		if err == nil && storeErr == nil && kind == auth.StoreFile {
			return opener, "without which its server cannot open the session"
		}
	}
	if strings.TrimSpace(d.at.getenv(authorities)) != "" && !slices.Contains(one.Env, authorities) {
		return authorities, "which is set here: its server would not trust the same certificates"
	}
	return "", ""
}

func sameFile(a, b string) bool {
	left, leftErr := os.Stat(a)
	right, rightErr := os.Stat(b)
	return leftErr == nil && rightErr == nil && os.SameFile(left, right)
}

// checkRunFolders looks for the folders of servers that were killed. The next
// server that starts a plugin removes them.
func (d *Doctor) checkRunFolders(context.Context) []Finding {
	var left []string
	live := 0
	for _, base := range slices.Compact(slices.Sorted(slices.Values(d.at.socketFolders))) {
		found, err := filepath.Glob(filepath.Join(base, supervisor.RunFolderPrefix+"*", supervisor.RunFolderLock))
		if err != nil || base == "" {
			continue // not a pattern: then no server has made a folder there
		}
		for _, path := range found {
			lock := flock.New(path)
			if info, err := os.Stat(path); err != nil || d.at.now().Sub(info.ModTime()) < supervisor.RunFolderAge {
				live++ // its server may be about to lock it
				continue
			}
			free, err := lock.TryLock()
			if errors.Is(err, os.ErrPermission) {
				continue // another user's
			}
			_ = lock.Close()
			if err == nil && free {
				left = append(left, filepath.Dir(path))
			} else {
				live++
			}
		}
	}
	if len(left) > 0 {
		return []Finding{warns("run folders", "nothing: the next start of a plugin removes what is older than a "+
			"minute", "%d left by servers that were killed: %s", len(left), strings.Join(left, ", "))}
	}
	return []Finding{passes("run folders", "none left behind, %d in use", live)}
}

// checkAudit tells where the audit log is, and whether a write could be recorded.
func (d *Doctor) checkAudit(context.Context) []Finding {
	const check = "audit log"
	state, err := audit.Look(d.cfg.Audit.Folder)
	switch {
	case d.cfg.Audit.Mode == audit.Off:
		return []Finding{warns(check, "start the server without --audit=off", "off: nothing is recorded")}
	case err != nil && d.cfg.Audit.Mode == audit.On:
		return []Finding{fails(check, "fix the permissions of "+state.Path+", or start the server with "+
			"--audit=best-effort", "%s can't be written (%v): no write would be sent", state.Path, err)}
	case err != nil:
		return []Finding{warns(check, "fix the permissions of "+state.Path,
			"%s can't be written (%v): calls are not recorded", state.Path, err)}
	case !state.Exists:
		return []Finding{passes(check, "%s, %s; the first call makes it", state.Path, d.cfg.Audit.Mode)}
	}
	return []Finding{passes(check, "%s, %s, %d bytes in the current file", state.Path, d.cfg.Audit.Mode, state.Bytes)}
}
