package supervisor

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	installRemedy = "Install the plugin again"
	updateRemedy  = "Install a version of the plugin made for this host"
	retryRemedy   = "Try again: the folder is made anew for each start"
	authorRemedy  = "Report it to the plugin's author"
	slowRemedy    = "If programs start slowly here, as under a virus scanner, give it longer: --plugin-start-timeout 1m"
)

// unfitError says why a file cannot be executed here.
type unfitError struct{ text, remedy string }

func (e *unfitError) Error() string { return e.text }

// explain words the failure of a launch by what is known of it, never by the words
// of an error. by is true if the process ended by itself, cause is why it was ended.
func (s *Supervisor) explain(p *process, spec Spec, stage string, by bool, cause, err error,
) (remedy string, worded error) {
	var refused *digestError
	var refusal *refusalError
	switch {
	case errors.As(err, &refused):
		return spec.Remedy, err
	case errors.As(err, &refusal):
		return refusal.remedy, err
	case spec.Reattach != "":
		return "Start it with `PLUGIN debug`, and restart the server with the --reattach that it names",
			fmt.Errorf("attaching to it failed %s: %s", stage, reason(err))
	case p.runner == nil:
		return retryRemedy, fmt.Errorf("the folder of its sockets could not be made: %w", err)
	case errors.Is(cause, ErrSlow):
		return slowRemedy, fmt.Errorf("it was not ready within %v (--plugin-start-timeout): it hangs %s",
			s.cfg.StartTimeout, stage)
	case p.tooMuch.Load() > 0:
		return "Raise the limit, or report it to the plugin's author", fmt.Errorf(
			"it was stopped: it had %s of memory, and may have %s (--plugin-memory-limit)",
			humanize.IBytes(p.tooMuch.Load()), humanize.IBytes(s.cfg.MemoryLimit))
	case p.runner.pid() == 0:
		return notStarted(spec.Path, err)
	case by && stage != inHandshake:
		return authorRemedy, fmt.Errorf("it ended %s (%s)", stage, p.runner.how())
	case stage == inHandshake:
		return handshake(p.runner, by, err)
	}
	return authorRemedy, fmt.Errorf("it failed %s: %s", stage, reason(err))
}

// reason is what a plugin, or the machinery between, says of a failed request.
func reason(err error) string {
	if status.Code(err) == codes.ResourceExhausted {
		return fmt.Sprintf("it is over %d MiB", pluginv1.MaxMessageBytes>>20)
	}
	return plain(status.Convert(err).Message())
}

// handshake explains why what a plugin wrote to stdout, if anything, is no
// beginning. Source: go-plugin's docs/internals.md, "core|protocol|network|…".
func handshake(r *processRunner, by bool, err error) (string, error) {
	line := r.stdout.first()
	fields := strings.Split(line, "|")
	if len(fields) > 1 {
		if version, e := strconv.Atoi(fields[1]); e == nil && version != pluginv1.ProtocolVersion {
			return updateRemedy, fmt.Errorf("it speaks protocol %d, this host %d", version, pluginv1.ProtocolVersion)
		}
	}
	switch {
	case line == "" && !by:
		return authorRemedy, errors.New("it closed stdout, where its handshake belongs")
	case line == "":
		return authorRemedy, fmt.Errorf("it ended %s (%s)", inHandshake, r.how())
	case len(fields) < 4:
		return authorRemedy, fmt.Errorf("it wrote %q to stdout, where its handshake belongs", shortened(plain(line)))
	}
	return authorRemedy, fmt.Errorf("its handshake failed: %s", shortened(plain(err.Error())))
}

// quotedBytes is how much of a plugin's stdout an error quotes at most.
const quotedBytes = 200

func shortened(text string) string {
	if len(text) <= quotedBytes {
		return text
	}
	return strings.ToValidUTF8(text[:quotedBytes], "") + "…"
}

// notStarted examines a file that could not be executed: the system's error tells
// little, and speaks of the path by which the open file is executed.
func notStarted(path string, err error) (remedy string, worded error) {
	var unfit *unfitError
	if errors.As(err, &unfit) || errors.As(examine(path), &unfit) {
		return unfit.remedy, unfit
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "Check the rights of the file and of the folders above it, and that its disk is not mounted noexec",
			errors.New("permission denied")
	case errors.Is(err, fs.ErrNotExist):
		return installRemedy, errors.New("no such file")
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		return installRemedy, number
	}
	return installRemedy, err
}

// examine returns an *unfitError if it can tell what is wrong with an executable.
func examine(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() == 0:
		return &unfitError{"the file is empty", installRemedy}
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0:
		return &unfitError{"the file may not be executed", "chmod +x " + path}
	}
	magic := make([]byte, 4)
	n, err := io.ReadFull(file, magic)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	switch kind := string(magic[:n]); {
	case kind == elf.ELFMAG:
		return examineELF(file)
	case strings.HasPrefix(kind, "#!"):
		return examineScript(file)
	case strings.HasPrefix(kind, "MZ") && runtime.GOOS != "windows":
		return otherSystem("Windows")
	case kind == "\xcf\xfa\xed\xfe" || kind == "\xca\xfe\xba\xbe":
		if runtime.GOOS != "darwin" {
			return otherSystem("macOS")
		}
		return nil
	case runtime.GOOS == "linux":
		return &unfitError{"the file is no program", installRemedy}
	}
	return nil
}

func otherSystem(name string) error {
	return &unfitError{"it is a program for " + name, platformRemedy()}
}

func platformRemedy() string {
	return fmt.Sprintf("Install the plugin made for %s/%s", runtime.GOOS, runtime.GOARCH)
}

func examineELF(file *os.File) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return otherSystem("Linux")
	}
	program, err := elf.NewFile(file)
	if err != nil {
		return &unfitError{"the file is damaged or not whole", installRemedy}
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "386": elf.EM_386,
		"arm": elf.EM_ARM, "riscv64": elf.EM_RISCV, "ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390,
		"loong64": elf.EM_LOONGARCH}
	if want, known := machines[runtime.GOARCH]; known && program.Machine != want {
		name := program.Machine.String()
		for arch, machine := range machines {
			if machine == program.Machine {
				name = arch
			}
		}
		return &unfitError{"it is a program for another processor, " + name, platformRemedy()}
	}
	for _, segment := range program.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		loader, err := io.ReadAll(io.LimitReader(segment.Open(), 4096))
		if name := strings.TrimRight(string(loader), "\x00"); err == nil && missing(name) {
			return &unfitError{
				fmt.Sprintf("it needs the loader %s, which is not here: it was made for another C library", plain(name)),
				"Install a plugin made for this system, or one without cgo"}
		}
	}
	return nil
}

func examineScript(file *os.File) error {
	if _, err := file.Seek(int64(len("#!")), io.SeekStart); err != nil {
		return err
	}
	line, err := bufio.NewReader(io.LimitReader(file, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return &unfitError{"it is a script that names no interpreter", authorRemedy}
	}
	if missing(words[0]) {
		return &unfitError{fmt.Sprintf("it is a script for %s, which is not here", plain(words[0])),
			"Install that interpreter"}
	}
	return nil
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
