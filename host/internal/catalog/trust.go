package catalog

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// loader decides, one plugin after the other, what is loaded.
type loader struct {
	src          Sources
	plugins      map[string]*Plugin
	toolOwner    map[string]*Plugin
	refused      []Refusal
	refusedTools map[string]Refusal
	programs     map[[2]string]program // by folder and name, as they are written
}

func (l *loader) refuse(r Refusal) {
	l.refused = append(l.refused, r)
}

// refusePlugin also remembers the plugin's tools, so that whoever asks for one
// learns why it is not there.
func (l *loader) refusePlugin(p *Plugin, kind RefusalKind, reason, remedy string) {
	path := p.ManifestPath
	if path == "" {
		path = p.Dir
	}
	name := p.Name
	if !isPluginName(name) {
		name = jsondoc.Quote(name)
	}
	r := Refusal{Name: name, Path: path, Origin: p.Origin, Kind: kind, Reason: reason, Remedy: remedy}
	l.refuse(r)
	for _, t := range p.Tools[:min(len(p.Tools), maxTools)] {
		if _, known := l.refusedTools[t.Name]; !known && isIdentifier(t.Name) {
			l.refusedTools[t.Name] = r
		}
	}
}

// addDev checks a dev plugin in full, whatever that costs: its author wants to
// know, and no lock says that it was checked before.
func (l *loader) addDev(d DevPlugin) {
	p := &Plugin{Manifest: d.Manifest, Dir: d.Dir, Path: d.Path, Dev: true, Origin: OriginDev, Reattach: d.Reattach}
	var err error
	if p.Dir, err = filepath.Abs(d.Dir); err == nil {
		err = ValidateManifest(p.Manifest)
	}
	if err == nil && p.Path == "" && p.Reattach == "" {
		p.Path, err = resolveExecutable(runtime.GOOS, p.Dir, p.Executable)
	}
	if err == nil {
		p.Path, err = filepath.Abs(p.Path)
	}
	if err != nil {
		l.refuseManifest(p, err)
		return
	}
	l.admit(p)
}

// manifestFile is a manifest as it was found.
type manifestFile struct {
	path    string
	plugin  *Plugin
	built   bool  // the host was built with it, and tested with its schemas
	schemas []any // of any other
	fault   error // what is wrong with one that the host was built with
	err     error
	writers *atomicfile.WritersError // others may write it, so it was not read
}

// readManifest decides about nothing, so that several can be read at a time. It checks what the host was built with,
// but for the schemas. Others are checked once they are trusted.
func (l *loader) readManifest(path string, origin Origin) manifestFile {
	file := manifestFile{path: path}
	if errors.As(atomicfile.CheckWriters(path), &file.writers) {
		return file
	}
	var data []byte
	if file.plugin, data, file.err = readPlugin(path); file.err != nil {
		return file
	}
	if file.built = l.builtWith(file.plugin, origin); file.built {
		file.fault = checkManifest(file.plugin.Manifest, nil)
	} else {
		file.schemas, file.err = decodeSchemas(data, file.plugin.Manifest)
	}
	return file
}

// addManifests adds the manifests of a folder. They are read side by side, and decided about in their order.
func (l *loader) addManifests(paths []string, origin Origin) {
	files := make([]manifestFile, len(paths))
	var readers errgroup.Group
	readers.SetLimit(runtime.GOMAXPROCS(0))
	for i, path := range paths {
		readers.Go(func() error { files[i] = l.readManifest(path, origin); return nil })
	}
	_ = readers.Wait() // none returns an error
	for _, file := range files {
		l.addManifest(file, origin)
	}
}

func (l *loader) addManifest(file manifestFile, origin Origin) {
	if file.writers != nil {
		l.refuse(Refusal{Name: guessName(file.path), Path: file.path, Origin: origin, Kind: Untrusted,
			Reason: file.writers.Fault(), Remedy: file.writers.Fix})
		return
	}
	if file.err != nil {
		l.refuse(Refusal{Name: guessName(file.path), Path: file.path, Origin: origin, Kind: Broken,
			Reason: file.err.Error(), Remedy: manifestRemedy(file.err)})
		return
	}
	p := file.plugin
	p.Origin = origin
	if entry, ok := l.src.Lock.Plugins[p.Name]; ok && origin == OriginUser && entry.leftover(l.src, p) {
		return
	}
	if first, ok := l.plugins[p.Name]; ok {
		l.refuseSecond(p, first)
		return
	}
	if !l.trust(p) {
		return
	}
	fault := file.fault
	if !file.built {
		fault = checkManifest(p.Manifest, file.schemas)
	}
	if fault != nil {
		l.refuseManifest(p, fault)
		return
	}
	program := l.program(p)
	if program.err != nil {
		l.refusePlugin(p, Broken, program.err.Error(), "install the plugin again")
		return
	}
	if program.writers != nil {
		l.refusePlugin(p, Untrusted, program.writers.Fault(), program.writers.Fix)
		return
	}
	p.Path = program.path
	l.admit(p)
}

// program is an executable that a manifest names.
type program struct {
	path    string
	err     error
	writers *atomicfile.WritersError
}

// program finds a plugin's executable, once for all plugins that are in it.
func (l *loader) program(p *Plugin) program {
	named := [2]string{p.Dir, p.Executable}
	found, known := l.programs[named]
	if !known {
		if found.path, found.err = resolveExecutable(runtime.GOOS, p.Dir, p.Executable); found.err == nil {
			_ = errors.As(atomicfile.CheckWriters(found.path), &found.writers)
		}
		l.programs[named] = found
	}
	return found
}

// builtWith reports whether a manifest is one whose digest is compiled into the host.
func (l *loader) builtWith(p *Plugin, origin Origin) bool {
	bundled, ok := l.src.Bundled.Plugins[p.Name]
	return ok && origin == OriginBundled && bundled.Manifest == p.ManifestDigest
}

// trust pins the binary's digest if a lock vouches for the manifest, and refuses
// the plugin otherwise. The host's own digests count in the bundled folder only:
// elsewhere a copy of a bundled plugin is a plugin like any other.
func (l *loader) trust(p *Plugin) bool {
	bundled, inHost := l.src.Bundled.Plugins[p.Name]
	inHost = inHost && p.Origin == OriginBundled
	user, inLock := l.src.Lock.Plugins[p.Name]
	switch {
	case l.builtWith(p, p.Origin):
		p.Binary = bundled.Platforms[Platform()].Binary
		return true
	case inLock && user.Manifest == p.ManifestDigest:
		return l.pin(p, user)
	case inHost:
		l.refusePlugin(p, Changed, differs(p.ManifestDigest, bundled.Manifest, "this host was built with"),
			"install auth0-mcp again, or run make build")
	case inLock:
		l.refusePlugin(p, Changed, differs(p.ManifestDigest, user.Manifest, "was installed"), l.againRemedy(p))
	case p.Origin == OriginBundled && len(l.src.Bundled.Plugins) == 0:
		l.refusePlugin(p, Untrusted, "this host was built without the digests of its plugins",
			"run make build, or "+installRemedy(p))
	default:
		l.refusePlugin(p, Untrusted, "it is not in the lock file", "if you trust it, "+installRemedy(p))
	}
	return false
}

// pin takes the digest that the binary must have from an entry of the lock file, if the entry says of this platform and
// of the tools what is so. Who reads the lock file reads the permissions in it, not a digest.
func (l *loader) pin(p *Plugin, entry LockEntry) bool {
	pin, ok := entry.Platforms[Platform()]
	if !ok {
		l.refusePlugin(p, WrongPlatform, notFor(entry), platformRemedy(p.Name))
		return false
	}
	if tool := entry.Differs(p.Manifest); tool != "" {
		l.refusePlugin(p, Changed, fmt.Sprintf("the lock file has other permissions for its tool %s than its manifest",
			jsondoc.Quote(tool)), "do not use the plugin before you know who changed the lock file; then run auth0-mcp "+
			"plugin update "+p.Name)
		return false
	}
	p.Binary = pin.Binary
	return true
}

func notFor(entry LockEntry) string {
	return fmt.Sprintf("it is locked for %s, and this is %s", strings.Join(names(entry.Platforms), ", "), Platform())
}

func platformRemedy(name string) string {
	return "run auth0-mcp plugin update " + name + " if its author has published it for this platform since"
}

// againRemedy is the fix for files that are not those that were trusted.
func (l *loader) againRemedy(p *Plugin) string {
	if l.src.StoreDir != "" && filepath.Dir(p.Dir) == filepath.Clean(l.src.StoreDir) {
		return "run auth0-mcp plugin sync, which gets it again from its source"
	}
	return installRemedy(p)
}

func differs(found, locked Digest, which string) string {
	return fmt.Sprintf("its manifest is not the one that %s (%s now, %s then)", which, found, locked)
}

func installRemedy(p *Plugin) string {
	path := p.ManifestPath
	if strings.ContainsAny(path, " \t'\"\\$&;()") {
		path = strconv.Quote(path)
	}
	return "run auth0-mcp plugin install " + path
}

// manifestRemedy is the fix for a manifest that cannot be read.
func manifestRemedy(err error) string {
	version, isVersion := errors.AsType[*pluginv1.ManifestVersionError](err)
	_, unknown := errors.AsType[*pluginv1.UnknownMemberError](err)
	switch {
	case isVersion && !version.Newer():
		return "rebuild the plugin with the current SDK, or remove it"
	case isVersion, unknown:
		return "update auth0-mcp, or remove the plugin"
	}
	return "repair the manifest, or remove the plugin"
}

func (l *loader) refuseManifest(p *Plugin, err error) {
	var protocol *ProtocolError
	switch {
	case p.Dev && !errors.As(err, &protocol):
		l.refusePlugin(p, Broken, err.Error(), "correct it and build it again: auth0-mcp plugin lint says more")
	case !errors.As(err, &protocol):
		l.refusePlugin(p, Broken, err.Error(), "ask the plugin's author for a corrected version")
	case protocol.PluginIsNewer():
		l.refusePlugin(p, WrongProtocol, protocol.Error(), "update auth0-mcp")
	default:
		l.refusePlugin(p, WrongProtocol, protocol.Error(), "update the plugin")
	}
}

func (l *loader) refuseSecond(p, first *Plugin) {
	if first.Dev {
		l.refusePlugin(p, Replaced, "the plugin under development in "+first.Dir+" replaces it",
			"leave out --dev-plugin to use it")
		return
	}
	l.refusePlugin(p, Duplicate, "a plugin of this name is already loaded from "+first.ManifestPath,
		"remove one of the two")
}

// admit loads a plugin unless its name or one of its tools is taken. A plugin is
// loaded whole or not at all: half of one would surprise its user.
func (l *loader) admit(p *Plugin) {
	if first, ok := l.plugins[p.Name]; ok {
		l.refusePlugin(p, Duplicate, "a plugin of this name is already loaded from "+first.Dir, "remove one of the two")
		return
	}
	for _, t := range p.Tools {
		if owner, ok := l.toolOwner[t.Name]; ok {
			l.refusePlugin(p, Duplicate, fmt.Sprintf("its tool %s exists already in the plugin %s", t.Name, owner.Name),
				"remove one of the two plugins")
			return
		}
	}
	l.plugins[p.Name] = p
	for _, t := range p.Tools {
		l.toolOwner[t.Name] = p
	}
}
