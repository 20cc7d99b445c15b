package main

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/apk"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// writeLinuxPackages makes a deb, an rpm and an apk. The program is in /usr/lib/NAME, where its plugins are beside it,
// with a link in /usr/bin.
func (r *Release) writeLinuxPackages(out *output, p platform, program []file) error {
	if p.os != "linux" {
		return nil
	}
	// nfpm reads its files from a disk.
	work, err := os.MkdirTemp("", "packaging-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	contents, err := r.linuxContents(work, program)
	if err != nil {
		return err
	}
	for suffix, packager := range map[string]nfpm.Packager{"deb": deb.Default, "rpm": rpm.DefaultRPM, "apk": apk.Default} {
		info := nfpm.WithDefaults(&nfpm.Info{
			Name: r.Name, Arch: p.arch, Platform: "linux", Version: r.version, Release: "1", Section: "utils",
			Priority: "optional", Maintainer: r.Maintainer, Description: r.Description, Vendor: r.Author,
			Homepage: r.Homepage, License: r.License, MTime: r.time, DisableGlobbing: true,
			Overridables: nfpm.Overridables{RPM: nfpm.RPM{BuildHost: "localhost"}}, // not this machine's name
		})
		if r.Name != "auth0-mcp" { // a team's own: /usr/bin/auth0-mcp is in both
			info.Provides, info.Conflicts = []string{"auth0-mcp"}, []string{"auth0-mcp"}
		}
		info.Contents = nil
		for _, c := range contents {
			one := *c
			info.Contents = append(info.Contents, &one)
		}
		if err := nfpm.PrepareForPackager(info, suffix); err != nil {
			return err
		}
		var packed bytes.Buffer
		if err := packager.Package(info, &packed); err != nil {
			return err
		}
		if err := out.add(r.fileName(p.String()+"."+suffix), packed.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (r *Release) linuxContents(work string, program []file) (files.Contents, error) {
	contents := files.Contents{{
		Source: "../lib/" + r.Name + "/auth0-mcp", Destination: "/usr/bin/auth0-mcp", Type: files.TypeSymlink,
		FileInfo: &files.ContentFileInfo{MTime: r.time},
	}}
	// A package removes the folders that it owns.
	for _, folder := range []string{"/usr/lib/" + r.Name, "/usr/lib/" + r.Name + "/plugins", "/usr/share/doc/" + r.Name} {
		contents = append(contents, &files.Content{Destination: folder, Type: files.TypeDir,
			FileInfo: &files.ContentFileInfo{Mode: 0o755, MTime: r.time}})
	}
	for _, f := range program {
		source := filepath.Join(work, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(source), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(source, f.data, 0o600); err != nil {
			return nil, err
		}
		folder := "/usr/lib/" + r.Name + "/"
		if f.mode&0o111 == 0 && !isManifest(f.path) {
			folder = "/usr/share/doc/" + r.Name + "/"
		}
		contents = append(contents, &files.Content{
			Source: source, Destination: folder + f.path, Type: files.TypeFile,
			FileInfo: &files.ContentFileInfo{Mode: f.mode.Perm(), Owner: "root", Group: "root", MTime: r.time},
		})
	}
	return contents, nil
}
