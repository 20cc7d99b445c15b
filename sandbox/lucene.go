package sandbox

import (
	"fmt"
	"strings"
)

// Bounds of a query: deeper nesting or more clauses are refused rather than
// risking the stack.
const (
	maxQueryDepth   = 64
	maxQueryClauses = 1024
)

// querySyntaxError says where a log query stops being one.
type querySyntaxError struct {
	offset int // in bytes
	reason string
}

func (e *querySyntaxError) Error() string {
	return fmt.Sprintf("%s at offset %d", e.reason, e.offset)
}

// clause is a node of a parsed query.
type clause interface{ matches(event object) bool }

// group combines clauses as a Lucene boolean query does: all of must, none of
// mustNot, and, if must is empty, one of should.
type group struct{ must, mustNot, should []clause }

func (g group) matches(event object) bool {
	for _, c := range g.must {
		if !c.matches(event) {
			return false
		}
	}
	for _, c := range g.mustNot {
		if c.matches(event) {
			return false
		}
	}
	if len(g.must) > 0 || len(g.should) == 0 {
		return true
	}
	for _, c := range g.should {
		if c.matches(event) {
			return true
		}
	}
	return false
}

type everything struct{}

func (everything) matches(object) bool { return true }

// parseLogQuery reads the subset of Lucene's syntax that log search knows:
// fields, quotes, escapes, AND, OR, NOT (also && || ! + -), parentheses, the star
// and ranges. An empty query matches everything. The error is always a
// *querySyntaxError.
func parseLogQuery(text string) (clause, error) {
	tokens, err := scanQuery(text)
	if err != nil {
		return nil, err
	}
	p := &queryParser{tokens: tokens, end: len(text)}
	if p.peek().kind == tokenEnd {
		return everything{}, nil
	}
	parsed, err := p.disjunction("", 0)
	if err != nil {
		return nil, err
	}
	if next := p.peek(); next.kind != tokenEnd {
		return nil, &querySyntaxError{next.offset, fmt.Sprintf("unexpected %s", next)}
	}
	return parsed, nil
}

type queryParser struct {
	tokens  []queryToken
	next    int
	end     int
	clauses int
}

func (p *queryParser) peek() queryToken {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	return queryToken{kind: tokenEnd, offset: p.end}
}

func (p *queryParser) take() queryToken {
	token := p.peek()
	if token.kind != tokenEnd {
		p.next++
	}
	return token
}

// sign is what stands before a clause.
type sign int

const (
	optional sign = iota
	required
	prohibited
)

// disjunction reads clauses joined by OR, or by nothing, which means OR too.
func (p *queryParser) disjunction(field string, depth int) (clause, error) {
	if depth > maxQueryDepth {
		return nil, &querySyntaxError{p.peek().offset, "too many nested parentheses"}
	}
	var g group
	for {
		c, s, err := p.conjunction(field, depth)
		if err != nil {
			return nil, err
		}
		switch s {
		case required:
			g.must = append(g.must, c)
		case prohibited:
			g.mustNot = append(g.mustNot, c)
		default:
			g.should = append(g.should, c)
		}
		switch p.peek().kind {
		case tokenEnd, tokenClose:
			if len(g.must) == 0 && len(g.mustNot) == 0 && len(g.should) == 1 {
				return g.should[0], nil
			}
			return g, nil
		case tokenOr:
			p.take()
		}
	}
}

// conjunction reads clauses joined by AND, which binds tighter than OR. A lone
// clause keeps its sign, for the group around it to heed.
func (p *queryParser) conjunction(field string, depth int) (clause, sign, error) {
	c, s, err := p.signed(field, depth)
	if err != nil || p.peek().kind != tokenAnd {
		return c, s, err
	}
	var g group
	for {
		if s == prohibited {
			g.mustNot = append(g.mustNot, c)
		} else {
			g.must = append(g.must, c)
		}
		if p.peek().kind != tokenAnd {
			return g, optional, nil
		}
		p.take()
		if c, s, err = p.signed(field, depth); err != nil {
			return nil, optional, err
		}
	}
}

// signed reads a clause with the signs and NOTs before it.
func (p *queryParser) signed(field string, depth int) (clause, sign, error) {
	s := optional
	for {
		switch p.peek().kind {
		case tokenNot:
			if s == prohibited {
				s = required
			} else {
				s = prohibited
			}
		case tokenPlus:
			if s == optional {
				s = required
			}
		default:
			c, err := p.primary(field, depth)
			return c, s, err
		}
		p.take()
	}
}

func (p *queryParser) primary(field string, depth int) (clause, error) {
	if p.clauses++; p.clauses > maxQueryClauses {
		return nil, &querySyntaxError{p.peek().offset, "too many clauses"}
	}
	token := p.take()
	switch token.kind {
	case tokenOpen:
		inner, err := p.disjunction(field, depth+1)
		if err != nil {
			return nil, err
		}
		if closing := p.take(); closing.kind != tokenClose {
			return nil, &querySyntaxError{token.offset, "parenthesis is never closed"}
		}
		return inner, nil
	case tokenField:
		if field != "" {
			return nil, &querySyntaxError{token.offset, "field inside the value of another field"}
		}
		switch p.peek().kind {
		case tokenOpen, tokenTerm, tokenPhrase, tokenRange:
			return p.primary(token.text, depth)
		default:
			return nil, &querySyntaxError{token.offset, fmt.Sprintf("field %q has no value", token.text)}
		}
	case tokenTerm, tokenPhrase:
		return newTermClause(field, token)
	case tokenRange:
		if field == "" {
			return nil, &querySyntaxError{token.offset, "range without a field"}
		}
		return newRangeClause(field, token)
	default:
		return nil, &querySyntaxError{token.offset, fmt.Sprintf("unexpected %s", token)}
	}
}

func newTermClause(field string, token queryToken) (clause, error) {
	if token.kind == tokenTerm {
		switch {
		case (field == "" || field == "*") && token.raw != "" && strings.Trim(token.raw, "*") == "":
			return everything{}, nil
		case field == "_exists_":
			return existsClause{token.text}, nil
		case strings.Trim(token.raw, "*") == "":
			return existsClause{field}, nil
		case token.wild && !strings.HasSuffix(token.raw, "*") || token.wild && strings.HasPrefix(token.raw, "*"):
			if len([]rune(strings.ReplaceAll(token.text, wildcard, ""))) < 3 {
				return nil, &querySyntaxError{token.offset, "a wildcard that is not at the end needs 3 other characters"}
			}
		}
	}
	if field == "date" && !token.wild {
		if _, err := parseQueryDate(token.text); err != nil {
			return nil, &querySyntaxError{token.offset, err.Error()}
		}
	}
	return termClause{field: field, text: token.text, wild: token.wild}, nil
}

func newRangeClause(field string, token queryToken) (clause, error) {
	r := rangeClause{field: field, low: token.low, high: token.high, openLow: token.openLow, openHigh: token.openHigh}
	if field == "date" {
		for _, bound := range []string{r.low, r.high} {
			if bound == wildcard {
				continue
			}
			if _, err := parseQueryDate(bound); err != nil {
				return nil, &querySyntaxError{token.offset, err.Error()}
			}
		}
	}
	return r, nil
}
