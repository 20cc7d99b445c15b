package approval

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	// Lifetime is how long a proposal waits for a user, and an approval for its call:
	// long enough to read a plan, too short to be forgotten.
	Lifetime = 15 * time.Minute
	// renewedBelow is the rest of a proposal's life below which the same call is given
	// a new one, as a user could not decide about it in time.
	renewedBelow = 3 * time.Minute
	// maxProposals bounds what waits at once: a model that calls in a loop must not fill
	// a disk, nor bury the one proposal that a user looks for.
	maxProposals = 50
	// maxFileBytes bounds what is read: a request's body has at most a few megabytes.
	maxFileBytes = 64 << 20
	lockPatience = 5 * time.Second
	suffix       = ".json"
)

// Store keeps proposals and approvals in a folder, for all processes of a user.
type Store struct {
	// Dir is made, for its owner alone, when the first proposal is.
	Dir string
	// Key is the secret of this installation, by which proposals are bound to their requests. The commands that list
	// and decide need none.
	Key func() []byte
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Proposal is a call that waits for approval, or is approved.
type Proposal struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	// Approved is when a user agreed; zero: not yet.
	Approved time.Time `json:"approved,omitzero"`
	Profile  string    `json:"profile,omitempty"`
	Tenant   string    `json:"tenant"`
	Tool     string    `json:"tool"`
	// Text is what the user is shown: Request.Describe.
	Text string `json:"text"`
	// Salt and Digest bind it to its request. The digest is keyed, so that no one who reads the file can test guesses.
	Salt   string `json:"salt"`
	Digest string `json:"digest"`
}

// proposalID is short enough to be typed, and is no secret: it opens nothing without
// a user at a terminal.
var proposalID = regexp.MustCompile(`^[A-Z2-7]{4}-[A-Z2-7]{4}$`)

// UnknownError says that there is no such proposal.
type UnknownError struct{ ID, Dir string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("nothing with the id %q waits for an approval in %s: it was used, declined or has expired "+
		"(after %v), or the server that asks keeps its state elsewhere (XDG_STATE_HOME). `auth0-mcp approve` lists what "+
		"waits; the tool, called again, makes a new plan",
		e.ID, e.Dir, Lifetime)
}

// TooLargeError says that a plan is too large to be kept for approval.
type TooLargeError struct{ Tool string }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the plan of %s is over %d MiB, too large for a user to review: do it in parts", e.Tool,
		maxFileBytes>>20)
}

// FullError says that too much waits.
type FullError struct{ Dir string }

func (e *FullError) Error() string {
	return fmt.Sprintf("%d changes wait for an approval already: decide about them with `auth0-mcp approve`, or wait "+
		"until they expire (%v)", maxProposals, Lifetime)
}

func (s Store) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Propose keeps a request until a user decides about it. The same request again is
// the same proposal.
func (s Store) Propose(ctx context.Context, r Request, text string) (Proposal, error) {
	var proposal Proposal
	err := s.locked(ctx, func() error {
		waiting, err := s.load()
		if err != nil {
			return err
		}
		for _, p := range waiting {
			if digest, err := r.digest(s.Key, p.Salt); err != nil || digest == p.Digest && p.Approved.IsZero() &&
				p.Expires.Sub(s.now()) > renewedBelow {
				proposal = p
				return err
			}
		}
		if len(waiting) >= maxProposals {
			return &FullError{s.Dir}
		}
		random := rand.Text()
		proposal = Proposal{ID: random[:4] + "-" + random[4:8], Created: s.now().UTC(), Expires: s.now().Add(Lifetime).UTC(),
			Profile: r.Profile, Tenant: r.Tenant, Tool: r.Tool, Text: text, Salt: rand.Text()}
		if proposal.Digest, err = r.digest(s.Key, proposal.Salt); err != nil {
			return err
		}
		return s.write(proposal)
	})
	return proposal, err
}

// Consume uses up the approval of a request; false if there is none.
func (s Store) Consume(ctx context.Context, r Request) (id string, ok bool, err error) {
	if _, err := os.Stat(s.Dir); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil // nothing was ever proposed
	}
	err = s.locked(ctx, func() error {
		waiting, err := s.load()
		if err != nil {
			return err
		}
		for _, p := range waiting {
			if p.Approved.IsZero() {
				continue
			}
			digest, err := r.digest(s.Key, p.Salt)
			if err != nil {
				return err
			}
			if digest == p.Digest {
				// Gone before it is used: a crash in between costs an approval, the other
				// way round it would give two.
				id, ok = p.ID, true
				return os.Remove(s.path(p.ID))
			}
		}
		return nil
	})
	return id, ok && err == nil, err
}

// List is what waits or is approved, oldest first.
func (s Store) List(ctx context.Context) ([]Proposal, error) {
	if err := s.known(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(s.Dir); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []Proposal
	err := s.locked(ctx, func() (err error) {
		list, err = s.load()
		return err
	})
	return list, err
}

// Find is the proposal with an id, as a user types it.
func (s Store) Find(ctx context.Context, id string) (Proposal, error) {
	list, err := s.List(ctx)
	if err != nil {
		return Proposal{}, err
	}
	wanted := strings.ToUpper(strings.TrimSpace(id))
	for _, p := range list {
		if p.ID == wanted || strings.ReplaceAll(p.ID, "-", "") == wanted {
			return p, nil
		}
	}
	return Proposal{}, &UnknownError{id, s.Dir}
}

// Approve lets the call of a proposal happen once, within Lifetime from now.
func (s Store) Approve(ctx context.Context, p Proposal) error {
	return s.decide(ctx, p, func() error {
		p.Approved, p.Expires = s.now().UTC(), s.now().Add(Lifetime).UTC()
		return s.write(p)
	})
}

// Decline ends a proposal.
func (s Store) Decline(ctx context.Context, p Proposal) error {
	return s.decide(ctx, p, func() error { return os.Remove(s.path(p.ID)) })
}

// decide acts on what was shown: on nothing if it is gone, or another with the same id.
func (s Store) decide(ctx context.Context, shown Proposal, act func() error) error {
	return s.locked(ctx, func() error {
		waiting, err := s.load()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(waiting,
			func(p Proposal) bool { return p.ID == shown.ID && p.Digest == shown.Digest && p.Text == shown.Text }) {
			return &UnknownError{shown.ID, s.Dir}
		}
		return act()
	})
}

func (s Store) path(id string) string { return filepath.Join(s.Dir, id+suffix) }

func (s Store) write(p Proposal) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if len(data) > maxFileBytes {
		return &TooLargeError{p.Tool}
	}
	if err := atomicfile.Replace(s.path(p.ID), data, nil); err != nil {
		return fmt.Errorf("keeping the plan that waits for an approval: %w", err)
	}
	return nil
}

var errNoFolder = errors.New("no folder was given")

// known says why there is no folder, as where the environment names none.
func (s Store) known() error {
	if s.Dir != "" {
		return nil
	}
	_, err := atomicfile.StateFolder()
	return fmt.Errorf("the folder of approvals: %w", cmp.Or(err, errNoFolder))
}

// locked runs f while no other process works on the folder.
func (s Store) locked(ctx context.Context, f func() error) error {
	if err := s.known(); err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("the folder of approvals: %w: make it writable for you, or use --approve elicit or none", err)
	}
	if err := atomicfile.CheckWriters(s.Dir); err != nil {
		return fmt.Errorf("the approvals in %s are not trusted: %w", s.Dir, err)
	}
	unlock, err := atomicfile.Lock(ctx, filepath.Join(s.Dir, ".lock"), lockPatience)
	if err != nil {
		return fmt.Errorf("locking the folder of approvals: %w", err)
	}
	defer unlock()
	return f()
}

// load reads what waits, and removes what has expired or is not a proposal.
func (s Store) load() ([]Proposal, error) {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of approvals: %w", err)
	}
	var list []Proposal
	for _, entry := range entries {
		id, isProposal := strings.CutSuffix(entry.Name(), suffix)
		if !isProposal || !proposalID.MatchString(id) {
			continue
		}
		p, err := s.read(entry, id)
		if err != nil || !p.Expires.After(s.now()) || p.Created.After(s.now().Add(time.Minute)) {
			if err := os.Remove(s.path(id)); err != nil {
				return nil, fmt.Errorf("removing an approval that has expired: %w", err)
			}
			continue
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Proposal) int {
		return cmp.Or(a.Created.Compare(b.Created),
			strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

var errNotProposal = errors.New("not a proposal")

func (s Store) read(entry fs.DirEntry, id string) (Proposal, error) {
	info, err := entry.Info()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFileBytes {
		return Proposal{}, errNotProposal
	}
	if err := atomicfile.CheckWriters(s.path(id)); err != nil {
		return Proposal{}, err // it is removed like everything that is no proposal
	}
	data, err := os.ReadFile(s.path(id))
	if err != nil {
		return Proposal{}, err
	}
	var p Proposal
	if json.Unmarshal(data, &p) != nil || p.ID != id || p.Salt == "" || p.Digest == "" ||
		p.Expires.Sub(s.now()) > Lifetime {
		return Proposal{}, errNotProposal
	}
	return p, nil
}
