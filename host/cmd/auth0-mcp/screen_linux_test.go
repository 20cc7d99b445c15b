package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// screen COLUMNS [-on TEXT KEYS]… [-after FILE KEYS] [-as REGEXP TEXT]… COMMAND… is a program of the scripts. It runs a
// command in a terminal of that width, types keys whenever the output holds the next text, or once there is a file,
// and prints what the terminal was sent.
// Its exit status is that of the command, and stderr names it. KEYS are read as a Go string: \x03 is Ctrl-C, \r Enter.
// What differs from run to run is printed as TEXT, which repeats itself to the same length, or left out if TEXT is
// empty. It is an error, with exit status 2, if a text never comes, or if the terminal is not left as it was.
func screen() {
	status, err := runOnScreen(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "screen:", err)
		status = 2
	}
	fmt.Fprintln(os.Stderr, "exit status", status)
	os.Exit(status)
}

// typing are keys to type after a text, or once there is a file.
type typing struct{ after, file, keys string }

// masks are texts to print for what matches.
type masks map[*regexp.Regexp]string

func (m masks) hide(text string) string {
	for pattern, name := range m {
		text = pattern.ReplaceAllStringFunc(text, func(found string) string {
			if name == "" {
				return ""
			}
			return strings.Repeat(name, len(found)/len(name)+1)[:len(found)]
		})
	}
	return text
}

func runOnScreen(args []string) (status int, err error) {
	width, err := strconv.ParseUint(args[0], 10, 16)
	if err != nil {
		return 0, err
	}
	args = args[1:]
	var typed []typing
	hidden := masks{}
	for ; len(args) > 3 && strings.HasPrefix(args[0], "-"); args = args[3:] {
		if args[0] == "-as" {
			hidden[regexp.MustCompile(args[1])] = args[2]
			continue
		}
		keys, err := strconv.Unquote(`"` + args[2] + `"`)
		if err != nil {
			return 0, err
		}
		next := typing{after: args[1], keys: keys}
		if args[0] == "-after" {
			next = typing{file: args[1], keys: keys}
		}
		typed = append(typed, next)
	}
	shown, status, err := inTerminal(uint16(width), typed, os.Environ(), args)
	fmt.Fprint(os.Stdout, hidden.hide(shown)) //nolint:forbidigo // for the script
	return status, err
}

// leader runs a command, whose status it ends with once descriptor 3 has ended. Ctrl-C is for the command.
const leader = `trap : INT; "$@" 3<&-; status=$?; exec <&- >&- 2>&-; read -r _ <&3; exit $status`

// inTerminal runs a command in a terminal of a width, and returns what the terminal was sent.
func inTerminal(width uint16, typed []typing, environment, command []string) (shown string, status int, err error) {
	ours, theirs, err := openTerminal(width)
	if err != nil {
		return "", 0, err
	}
	defer ours.Close()
	modes, err := unix.IoctlGetTermios(int(theirs.Fd()), unix.TCGETS)
	if err == nil {
		// Else Ctrl-C makes the kernel drop what was written last, also what the program writes because of it.
		modes.Lflag |= unix.NOFLSH
		err = unix.IoctlSetTermios(int(theirs.Fd()), unix.TCSETS, modes)
	}
	if err != nil {
		return "", 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// When the leader of a session ends, the kernel drops what its terminal has not passed on yet. The shell leads it
	// therefore, and ends when the output has been read.
	hold, release, err := os.Pipe()
	if err != nil {
		return "", 0, err
	}
	defer hold.Close()
	defer release.Close()
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", leader, "sh"}, command...)...)
	cmd.Env, cmd.ExtraFiles = environment, []*os.File{hold}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, theirs, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return "", 0, err
	}
	raw, err := attend(ours, theirs, typed)
	err = errors.Join(err, release.Close())
	shown = strings.ReplaceAll(raw, "\r\n", "\n")
	if err != nil {
		return shown, 0, errors.Join(err, cmd.Wait())
	}
	err = cmd.Wait()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		status, err = ended.ExitCode(), nil
	}
	return shown, status, errors.Join(err, ctx.Err(), leftAsItWas(ours, *modes, raw))
}

// leftAsItWas is nil if a program that wrote what was shown has restored the terminal.
func leftAsItWas(terminal *os.File, modes unix.Termios, shown string) error {
	now, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	if *now != modes {
		return errors.New("the terminal is left in another mode")
	}
	const hide, show = "\x1b[?25l", "\x1b[?25h"
	if strings.LastIndex(shown, hide) > strings.LastIndex(shown, show) {
		return errors.New("the cursor is left hidden")
	}
	return nil
}

// attend returns what a terminal gets until its program has ended, and types keys.
func attend(terminal, theirs *os.File, typed []typing) (string, error) {
	if err := theirs.Close(); err != nil {
		return "", err
	}
	var shown strings.Builder
	var seen []byte
	buffer := make([]byte, 4096)
	for {
		n, err := terminal.Read(buffer)
		shown.Write(buffer[:n])
		if errors.Is(err, syscall.EIO) { // its program has ended
			if len(typed) > 0 {
				return shown.String(), fmt.Errorf("%q was not shown, or there", typed[0].after+typed[0].file)
			}
			return shown.String(), nil
		}
		if err != nil {
			return shown.String(), err
		}
		seen = append(seen, buffer[:n]...)
		for len(typed) > 0 {
			at := bytes.Index(seen, []byte(typed[0].after))
			if at < 0 {
				break
			}
			if err := awaitFile(typed[0].file); err != nil {
				return shown.String(), err
			}
			seen = slices.Clone(seen[at+len(typed[0].after):])
			if _, err := terminal.WriteString(typed[0].keys); err != nil {
				return shown.String(), err
			}
			typed = typed[1:]
		}
	}
}

// awaitFile returns when a file is there; "" is always.
func awaitFile(name string) error {
	for deadline := time.Now().Add(patience); name != ""; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(name); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not come", name)
		}
	}
	return nil
}

// openTerminal makes a pseudo-terminal: our end and that of the program.
func openTerminal(width uint16) (ours, theirs *os.File, err error) {
	ours, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	descriptor := int(ours.Fd())
	number, err := unix.IoctlGetInt(descriptor, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(descriptor, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: width})
	}
	if err == nil {
		theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, ours.Close())
	}
	return ours, theirs, nil
}
