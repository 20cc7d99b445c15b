// Command packaging makes the files of a release from binaries that were built before: archives, Linux packages, an
// image, bundles for MCP clients, npm packages, and what package managers and registries are told about them.
//
//	packaging release -version 1.2.3 -bin ../bin -out ../dist         make the files of a release
//	packaging modules -version 1.2.3 -root .. -out ../dist/goproxy    write our Go modules as a module proxy
//	packaging dist -version 1.2.3 -root .. -plugins logs -out ../dist/team    build and pack a team's distribution
//	packaging pin -version 1.2.3 -root ..                             let our modules require each other in that version
//
// The same binaries and the same SOURCE_DATE_EPOCH give the same bytes. docs/releasing.md has the steps of a release.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/semver"
)

// defaultConfig is our own release.
const defaultConfig = "release.json"

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil { //nolint:forbidigo // the list of what was made
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("want a command: release, dist, modules or pin")
	}
	flags := flag.NewFlagSet("packaging "+args[0], flag.ContinueOnError)
	version := flags.String("version", "", "version of the release, such as 1.2.3")
	target := flags.String("out", "", "folder to write; what is in it is replaced")
	root := flags.String("root", "..", "the repository")
	config := flags.String("config", defaultConfig, "what the release is called and which channels it has")
	bin := flags.String("bin", "../bin", "folder of the binaries, as make build-all writes it")
	plugins := flags.String("plugins", "", "dist: our plugins in it, separated by commas")
	sources := flags.String("sources", "", "dist: folders of other plugins, separated by commas")
	distribution := flags.String("distribution", "", "dist: the file with the team's name, defaults and locks")
	only := flags.String("platforms", "", "dist: the platforms, such as linux_amd64, separated by commas; all six without")
	throwaway := flags.Bool("throwaway-key", false, "sign with a key that is made for this run, to test signing")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !semver.IsValid("v"+*version) || semver.Canonical("v"+*version) != "v"+*version {
		return fmt.Errorf("-version %q: want a semantic version without v, such as 1.2.3", *version)
	}
	switch args[0] {
	case "release":
		r, err := readRelease(*config, *version, *bin)
		if err != nil {
			return err
		}
		if r.key, err = signingKey(*throwaway, os.Getenv); err != nil {
			return err
		}
		return r.write(*target, out)
	case "dist":
		d, err := readDistribution(*root, *plugins, *sources, *distribution)
		if err != nil {
			return err
		}
		d.version, d.log = *version, out
		return makeDistribution(d, *config, *only, *target, out)
	case "modules":
		return writeModules(*root, *target, "v"+*version)
	case "pin":
		return pinModules(*root, "v"+*version)
	}
	return fmt.Errorf("unknown command %q: want release, dist, modules or pin", args[0])
}
