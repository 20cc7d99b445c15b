package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// program is the file name of the host in every release, without .exe: clients' entries are recognised by it.
const program = "auth0-mcp"

// fetcher is the file name of the program that the host runs to fetch plugins.
const fetcher = "auth0-mcp-fetch"

// Release is one set of packages. Its JSON form is a file that says what the release is called, and which channels it
// has: a channel without a name is left out.
type Release struct {
	// Name is that of the packages, and how file names begin.
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Homepage    string `json:"homepage"`
	Author      string `json:"author"`
	Maintainer  string `json:"maintainer"`
	License     string `json:"license"`
	// Download is the URL of the folder that will hold the release's files, with {version} for the version.
	Download string `json:"download"`
	// Homebrew and Scoop say whether there is a formula and a manifest.
	Homebrew bool `json:"homebrew"`
	Scoop    bool `json:"scoop"`
	// Image is the name of the image, without a tag.
	Image string `json:"image"`
	// NPM is the name of the npm package; those with the binaries are in the scope of that name.
	NPM string `json:"npm"`
	// Registry is the name in the MCP registry.
	Registry string `json:"registry"`
	// Files are further files by their path beside the program; the sources are relative to the JSON file.
	Files map[string]string `json:"files"`

	version string
	// time is that of every file in the release.
	time time.Time
	// partial is whether it may lack what installs plugins.
	partial bool
	// bin is the folder of the binaries.
	bin string
	// platforms are those that it is for.
	platforms []platform
	// extra are the contents of Files.
	extra []file
	key   *signer
}

// platform is what Go calls it.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

func (p platform) exe() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

// folder is where the binaries for the platform are below bin.
func (p platform) folder(bin string) string {
	if p.os == runtime.GOOS && p.arch == runtime.GOARCH {
		return bin
	}
	return filepath.Join(bin, p.String())
}

// platforms are those of make build-all.
func platforms() []platform {
	return []platform{
		{"linux", "amd64"},
		{"linux", "arm64"},
		{"darwin", "amd64"},
		{"darwin", "arm64"},
		{"windows", "amd64"},
		{"windows", "arm64"},
	}
}

// file is one file of a package.
type file struct {
	// path is relative, with slashes.
	path string
	mode fs.FileMode
	data []byte
}

// epoch is the time of the files if SOURCE_DATE_EPOCH does not give one: what npm uses. Zip files begin in 1980.
const epoch = 499162500

func readRelease(path, version, bin string) (*Release, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Release{version: version, bin: bin, platforms: platforms()}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for name, value := range map[string]string{
		"name": r.Name, "title": r.Title, "description": r.Description, "homepage": r.Homepage, "author": r.Author,
		"maintainer": r.Maintainer, "license": r.License, "download": r.Download,
	} {
		if strings.TrimSpace(value) == "" {
			return nil, fmt.Errorf("%s: %s is missing", path, name)
		}
	}
	if strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return nil, fmt.Errorf("%s: name %q: want lower-case letters, digits and hyphens", path, r.Name)
	}
	seconds, err := strconv.ParseInt(cmp.Or(os.Getenv("SOURCE_DATE_EPOCH"), strconv.Itoa(epoch)), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("SOURCE_DATE_EPOCH: want seconds since 1970: %w", err)
	}
	r.time = time.Unix(seconds, 0).UTC()
	for _, to := range slices.Sorted(maps.Keys(r.Files)) {
		top, _, _ := strings.Cut(to, "/")
		taken := []string{".", program, program + ".exe", fetcher, fetcher + ".exe", "plugins"}
		if !fs.ValidPath(to) || slices.Contains(taken, top) {
			return nil, fmt.Errorf("%s: files: %q is no path beside the program that is free", path, to)
		}
		data, err := os.ReadFile(filepath.Join(filepath.Dir(path), filepath.FromSlash(r.Files[to])))
		if err != nil {
			return nil, fmt.Errorf("%s: files: %w", path, err)
		}
		r.extra = append(r.extra, file{path: to, mode: 0o644, data: data})
	}
	return r, nil
}

// program is what is installed on a platform: the host, the program beside it that fetches plugins, its own plugins and
// the further files.
func (r *Release) program(p platform) ([]file, error) {
	folder := p.folder(r.bin)
	binaries := []string{program + p.exe()}
	if _, err := os.Stat(filepath.Join(folder, fetcher+p.exe())); err == nil || !r.partial {
		binaries = append(binaries, fetcher+p.exe())
	}
	var manifests []string
	plugins, err := fs.Glob(os.DirFS(folder), "plugins/*")
	if err != nil {
		return nil, err
	}
	for _, name := range plugins {
		if strings.HasSuffix(name, ".manifest.json") {
			manifests = append(manifests, name)
		} else {
			binaries = append(binaries, name)
		}
	}
	if len(manifests) == 0 {
		return nil, fmt.Errorf("%s has no plugins: run make build-all", folder)
	}
	var all []file
	for _, name := range slices.Concat(binaries, manifests) {
		data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("%w: run make build-all", err)
		}
		mode := fs.FileMode(0o644)
		if slices.Contains(binaries, name) {
			mode = 0o755
		}
		all = append(all, file{name, mode, data})
	}
	return append(all, r.extra...), nil
}

// fileName is NAME_VERSION_ followed by rest.
func (r *Release) fileName(rest string) string { return r.Name + "_" + r.version + "_" + rest }

// url is where a file of the release will be.
func (r *Release) url(name string) string {
	return strings.ReplaceAll(r.Download, "{version}", r.version) + "/" + name
}

// write makes all files of the release, in place of what is in the folder. After an error the folder is as it was.
func (r *Release) write(folder string, log io.Writer) (err error) {
	if folder == "" {
		return errors.New("-out: want a folder")
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(folder)), 0o755); err != nil { //nolint:gosec // it is public
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(filepath.Clean(folder)), ".release-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	made := output{folder: work, sums: map[string]string{}}
	for _, p := range r.platforms {
		files, err := r.program(p)
		if err != nil {
			return err
		}
		for _, channel := range []func(*output, platform, []file) error{
			r.writeArchive, r.writeLinuxPackages, r.writeMCPB, r.writeNPMBinaries, r.writeSBOM,
		} {
			if err := channel(&made, p, files); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
	}
	for _, channel := range []func(*output) error{
		r.writeImage, r.writeNPM, r.writeHomebrew, r.writeScoop, r.writeServer, r.writeChecksums,
	} {
		if err := channel(&made); err != nil {
			return err
		}
	}
	if err := os.Chmod(work, 0o755); err != nil { //nolint:gosec // it is public
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Rename(work, folder); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(made.sums)) {
		fmt.Fprintln(log, name)
	}
	if r.key == nil {
		fmt.Fprintln(log, "not signed: "+keyVariable+" is not set")
	}
	return nil
}
