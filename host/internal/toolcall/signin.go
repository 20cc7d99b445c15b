package toolcall

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
)

// Page is a page on which a user signs in, or consents to more scopes.
type Page struct {
	// ID names it to the caller, Text says to its user what it is for.
	ID, Text, URL string
}

// Browser is how the user of a caller can be sent to a page while a call waits.
type Browser struct {
	// Ask asks the user to open a page, and waits until they agree or not; nil: the caller cannot.
	Ask func(ctx context.Context, page Page) (Decision, error)
	// Done tells the caller that the user is through with a page; nil: it does not want to know.
	Done func(page Page)
	// Wait runs what waits for the user. A *[BusyError] says that too many calls do so already.
	Wait func(ctx context.Context, wait func(context.Context) error) error
	// Later says that the caller asks between two calls, and brings the answer with the second.
	Later bool
	// Answer is what the call brought, for the page that State names; nil: none.
	Answer *Decision
	State  string
}

// CanAsk reports whether the user can be sent to a page.
func (b Browser) CanAsk() bool { return b.Ask != nil || b.Later }

// SignIn is a sign-in that was begun, and that the user finishes in a browser.
type SignIn struct {
	URL string
	// Code is what the page shows, for the user to compare.
	Code    string
	Scopes  []string
	Expires time.Time
	// Finish waits for the user, and keeps the session.
	Finish func(context.Context) error
}

// signInHold is how long no user is asked to sign in again after one has declined: a model may call again at once.
const signInHold = 10 * time.Minute

// signIns are the sign-ins of a Runner: one at a time.
type signIns struct {
	mu      sync.Mutex
	active  bool
	held    time.Time // no user is asked before
	waiting *waitingSignIn
}

// waitingSignIn is one whose page was given to a caller that asks between two calls.
type waitingSignIn struct {
	state, tool string
	signIn      *SignIn
}

// ErrSignInDeclined means that the user did not want to sign in.
var ErrSignInDeclined = errors.New("the user was asked to sign in, and declined")

var (
	errSignInActive = errors.New("the user is being asked to sign in already: call again when that is done")
	errSignInLate   = errors.New("the page was not confirmed in time")
	errSignInOver   = errors.New("the sign-in that this answers has ended: call the tool again")
)

// begin reserves the one place. A page that nobody has answered in time gives it back.
func (s *signIns) begin(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != nil && now.After(s.waiting.signIn.Expires) {
		s.waiting, s.active = nil, false
	}
	switch {
	case s.active:
		return errSignInActive
	case now.Before(s.held):
		return ErrSignInDeclined
	}
	s.active = true
	return nil
}

func (s *signIns) end(err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = false
	if errors.Is(err, ErrSignInDeclined) {
		s.held = now.Add(signInHold)
	}
}

// later keeps a sign-in for the call that brings the user's answer.
func (s *signIns) later(tool string, signIn *SignIn) (state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = &waitingSignIn{rand.Text(), tool, signIn}
	return s.waiting.state
}

// take ends the wait for an answer, which counts once.
func (s *signIns) take(state, tool string, now time.Time) (*SignIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.waiting
	if one == nil || one.state != state || one.tool != tool {
		return nil, errSignInOver
	}
	s.waiting = nil
	if now.After(one.signIn.Expires) {
		s.active = false
		return nil, errSignInOver
	}
	return one.signIn, nil
}

// need is what a sign-in is needed for.
type need struct {
	cause  error // why there is no valid token; nil: there is one
	scopes []string
}

// needsSignIn reports whether a call failed for want of a session or of a scope that its tool declares, and whether
// it can be made again: it has changed nothing.
func (r *Runner) needsSignIn(c call, result Result) (need, bool) {
	if r.cfg.SignIn == nil || !c.Browser.CanAsk() || !result.IsError || result.Outcome.Effect != egress.NoEffect {
		return need{}, false
	}
	var signedOut *egress.SignedOutError
	if errors.As(result.Outcome.Err, &signedOut) {
		return need{signedOut.Err, c.Tool.Scopes}, true
	}
	if result.Outcome.Err != nil || result.Outcome.Refusals.Count > 0 {
		return need{}, false
	}
	anyOf, _ := result.Outcome.MissingScopes()
	scopes := missingOf(c.Tool, anyOf)
	return need{scopes: scopes}, scopes != nil
}

// missingOf are the scopes to ask for when any of some would do: one that the tool declares. A plugin cannot make the
// host ask for more than its user has reviewed.
func missingOf(tool *catalog.Tool, anyOf []string) []string {
	for _, scope := range tool.Scopes {
		if slices.Contains(anyOf, scope) {
			return []string{scope}
		}
	}
	return nil
}

// signIn asks the user to sign in, waits, and makes the call again. It failed before with a result that stands if there
// is no sign-in.
func (r *Runner) signIn(ctx context.Context, c call, before Result, need need) Result {
	if err := r.signIns.begin(time.Now()); err != nil {
		return notSignedIn(before, err)
	}
	begun, err := r.cfg.SignIn(ctx, need.cause, need.scopes)
	if err != nil {
		r.signIns.end(err, time.Now())
		r.cfg.Log.Info("no sign-in was begun for a call", "tool", c.Tool.Name, "error", err)
		return before // it says how to sign in
	}
	page := Page{ID: rand.Text(), URL: begun.URL, Text: pageText(c.Tool, begun)}
	if c.Browser.Later {
		return Result{Question: &Question{State: r.signIns.later(c.Tool.Name, begun), Page: &page}}
	}
	err = r.waitForSignIn(ctx, c, begun, func(ctx context.Context) error {
		decision, err := c.Browser.Ask(ctx, page)
		if err == nil && decision != Accepted {
			err = ErrSignInDeclined
		}
		return err
	})
	if c.Browser.Done != nil && err == nil {
		c.Browser.Done(page)
	}
	return r.afterSignIn(ctx, c, before, err)
}

// resumeSignIn goes on with a call that brings the answer about a page.
func (r *Runner) resumeSignIn(ctx context.Context, c call) Result {
	begun, err := r.signIns.take(c.Browser.State, c.Tool.Name, time.Now())
	if err != nil {
		return failed("Nothing was changed: " + err.Error())
	}
	answer := *c.Browser.Answer
	err = r.waitForSignIn(ctx, c, begun, func(context.Context) error {
		if answer != Accepted {
			return ErrSignInDeclined
		}
		return nil
	})
	before := failed("Nothing was changed: the call needs a sign-in")
	before.Kind = SignInRequired
	return r.afterSignIn(ctx, c, before, err)
}

// waitForSignIn waits until the user has agreed to open the page and has finished there, no longer than the page works.
func (r *Runner) waitForSignIn(ctx context.Context, c call, begun *SignIn, agreed func(context.Context) error) error {
	stop := c.progress.beat(ctx, "waiting for the user to sign in")
	defer stop()
	waiting, cancel := context.WithDeadlineCause(ctx, begun.Expires, errSignInLate)
	defer cancel()
	err := c.Browser.Wait(waiting, func(ctx context.Context) error {
		if err := agreed(ctx); err != nil {
			return err
		}
		return begun.Finish(ctx)
	})
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		err = context.Cause(waiting)
	}
	r.signIns.end(err, time.Now())
	c.signedIn(begun.Scopes, err)
	r.cfg.Log.Info("asked the user to sign in for a call", "tool", c.Tool.Name, "scopes", begun.Scopes, "error", err)
	return err
}

// afterSignIn makes the call once more. An approval that it brought was for a call that has ended.
func (r *Runner) afterSignIn(ctx context.Context, c call, before Result, err error) Result {
	switch {
	case ctx.Err() != nil:
		return failed(context.Cause(ctx).Error())
	case err != nil:
		return notSignedIn(before, err)
	}
	c.Approver.Answer, c.Approver.State = nil, ""
	return r.carryOut(ctx, c)
}

// notSignedIn is the error of a call, and why its user did not sign in.
func notSignedIn(before Result, err error) Result {
	before.Texts[0] = strings.TrimRight(before.Texts[0], ".") + ". (" + err.Error() + ")"
	return before
}

func pageText(tool *catalog.Tool, begun *SignIn) string {
	return fmt.Sprintf("%s needs you to sign in to Auth0. It asks for these permissions: %s. The page shows the code %s: "+
		"confirm only if it is the same.", tool.Name, strings.Join(begun.Scopes, ", "), begun.Code)
}
