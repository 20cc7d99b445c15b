// Command packaging makes the files of a release that GoReleaser does not make, from binaries that were built before:
// bundles for MCP clients, npm packages, an image and server.json. .goreleaser.yaml says what a release consists of,
// and runs the first three:
//
//	packaging extra -config .goreleaser.yaml -version 1.2.3 -date … -bin bin  make bundles, npm packages, image, index
//	packaging prebuilt -bin bin -date … -o auth0-mcp .                        copy the host for GOOS and GOARCH
//	packaging sbom -name auth0-mcp -version 1.2.3 ARCHIVE DOCUMENT            have syft list what is in an archive
//	packaging modules -version 1.2.3 -root .. -out ../dist/goproxy            write our Go modules as a module proxy
//	packaging dist -version 1.2.3 -root .. -plugins logs -out ../dist/team    build and pack a team's distribution
//	packaging pin -version 1.2.3 -root ..                                     let our modules require that version
//
// Dates are such as 2026-11-29T10:00:00Z. The same binaries and the same date give the same bytes. docs/releasing.md
// has the steps of a release.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/semver"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil { //nolint:forbidigo // what make prints
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("want a command: extra, prebuilt, sbom, dist, modules or pin")
	}
	flags := flag.NewFlagSet("packaging "+args[0], flag.ContinueOnError)
	if args[0] == "prebuilt" {
		return prebuilt(flags, args[1:])
	}
	version := flags.String("version", "", "version of the release, such as 1.2.3")
	target := flags.String("out", "", "folder to write; what is in it is replaced")
	root := flags.String("root", "..", "the repository")
	config := flags.String("config", defaultConfig, "what GoReleaser is told; dist: relative to the repository")
	bin := flags.String("bin", "../bin", "extra: folder of the binaries, in folders by platform; it writes extra in it")
	date := flags.String("date", "", "extra: the time of all files, such as 2026-11-29T10:00:00Z")
	name := flags.String("name", "", "sbom: what the release is called")
	plugins := flags.String("plugins", "", "dist: our plugins in it, separated by commas")
	sources := flags.String("sources", "", "dist: folders of other plugins, separated by commas")
	distribution := flags.String("distribution", "", "dist: the file with the team's name, defaults and locks")
	only := flags.String("platforms", "", "dist: the platforms, such as linux_amd64, separated by commas; all six without")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if args[0] == "sbom" && flags.NArg() == 2 {
		return writeSBOM(*name, *version, flags.Arg(0), flags.Arg(1))
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !semver.IsValid("v"+*version) || semver.Canonical("v"+*version) != "v"+*version {
		return fmt.Errorf("-version %q: want a semantic version without v, such as 1.2.3", *version)
	}
	switch args[0] {
	case "extra":
		r, err := readRelease(*config, *version)
		if err != nil {
			return err
		}
		r.bin = *bin
		if r.time, err = parseDate(*date); err != nil {
			return err
		}
		if r.licence, err = os.ReadFile("LICENSE"); err != nil { // GoReleaser runs in the repository
			return err
		}
		return r.writeExtra(filepath.Join(*bin, "extra"))
	case "dist":
		d, err := readDistribution(*root, *plugins, *sources, *distribution)
		if err != nil {
			return err
		}
		d.version, d.log = *version, out
		return d.make(*config, *only, *target)
	case "modules":
		return writeModules(*root, *target, "v"+*version)
	case "pin":
		return pinModules(*root, "v"+*version)
	}
	return fmt.Errorf("unknown command %q: want extra, prebuilt, sbom, dist, modules or pin", args[0])
}

func parseDate(text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err == nil && at.Year() < 1980 { // where the times of zip files begin
		err = errors.New("want the time of the commit: a release is made in a clone")
	}
	if err != nil {
		return at, fmt.Errorf("-date: %w", err)
	}
	return at.UTC(), nil
}

// prebuilt takes the arguments of go build.
func prebuilt(flags *flag.FlagSet, args []string) error {
	bin := flags.String("bin", "", "folder of the binaries, in folders by platform")
	out := flags.String("o", "", "the file to write")
	date := flags.String("date", "", "the time of the file")
	flags.String("ldflags", "", "ignored")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := parseDate(*date)
	if err != nil {
		return err
	}
	return copyPrebuilt(*bin, *out, platform{os.Getenv("GOOS"), os.Getenv("GOARCH")}, at)
}
