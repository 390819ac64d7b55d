#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Each message that a user can meet is provoked by a test.
#
# The messages are the formats in the sources: of vnet_error_set(), vnet_plan_note(), of warnings,
# and of what goes to stderr. Provoked is one that tests/netns/messages.bats made the tool of
# $VNET_BUILD say; of the helpers, one whose text a tests/netns/*.bats expects. The rest has to
# stand in tests/lib/messages.allow, below the reason why. A format without a letter is no message
# of its own: it joins others.

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -r "$dir"' EXIT

VNET_MESSAGES=$dir/said bats --tap tests/netns/messages.bats >"$dir/tap" 2>&1 ||
	{ grep -A 20 '^not ok' "$dir/tap"; exit 1; }
# What the tests expect of the helpers: their lines, put together, without the shell's escapes.
sed -e ':a' -e '/\\$/N; s/\\\n//; ta' -e 's/\\\([$`"]\)/\1/g' tests/netns/*.bats >"$dir/expected"

perl - "$dir/said" "$dir/expected" tests/lib/messages.allow \
	src/*/*.c modes/*.c helpers/*.c <<'PERL'
use strict;
use warnings;

# Which argument of a function is the format.
my %argument = (vnet_error_set => 2, vnet_plan_note => 1, vn_log => 1, fprintf => 1);
my ($said, $expected, $allow, @files) = @ARGV;

sub lines { my ($path) = @_; open(my $in, '<', $path) or die "$path: $!\n"; chomp(my @l = <$in>); @l }

# [type, text, line] for each token; macros that stand for a string, and PRIu64, become strings.
sub tokens
{
	my ($path) = @_;
	my $text = join("\n", lines($path)) . "\n";
	my (@tokens, %macro);
	my $line = 1;

	$macro{$1} = $2 while $text =~ /^#define\s+(\w+)\s+"((?:[^"\\]|\\.)*)"\s*$/mg;
	while ($text =~ m{\G(?:(\n)|[ \t]+|(/\*.*?\*/)|"((?:[^"\\]|\\.)*)"|('(?:[^'\\]|\\.)*')|(\w+)|(.))}gcs) {
		if (defined $1) { $line++ }
		elsif (defined $2) { $line += ($2 =~ tr/\n//) }
		elsif (defined $3) { push @tokens, ['string', $3, $line] }
		elsif (defined $5 && $5 =~ /^PRI([diuxo])\d+$/) { push @tokens, ['string', $1, $line] }
		elsif (defined $5 && defined $macro{$5}) { push @tokens, ['string', $macro{$5}, $line] }
		else { push @tokens, ['', $4 // $5 // $6, $line] if defined($4 // $5 // $6) }
	}
	return @tokens;
}

# The arguments of the call whose name is token $i, each an array of tokens.
sub arguments
{
	my ($i, @tokens) = @_;
	my ($depth, @args) = (0, []);

	for my $token (@tokens[$i + 1 .. $#tokens]) {
		my $plain = $token->[0] eq '' ? $token->[1] : '';

		last if $plain =~ /^[)\]}]$/ && --$depth == 0;
		next if $plain =~ /^[(\[{]$/ && $depth++ == 0;
		if ($plain eq ',' && $depth == 1) { push @args, [] } else { push @{$args[-1]}, $token }
	}
	return @args;
}

my (%where, %joins, $failed);

for my $file (@files) {
	my @tokens = tokens($file);

	for my $i (0 .. $#tokens - 1) {
		my (undef, $name, $line) = @{$tokens[$i]};
		my $at = $argument{$name} // ($file =~ /^helpers/ && $name eq 'fail' ? 2 : undef);

		next if !defined $at || $tokens[$i + 1][1] ne '(';
		my @args = arguments($i, @tokens);
		next if $at > $#args || grep({ $_->[1] eq 'fmt' || $_->[1] eq '__VA_ARGS__' } @{$args[$at]});
		next if $name eq 'fprintf' && $args[0][0][1] ne 'stderr';
		next if $name eq 'vn_log' && $args[0][0][1] ne 'VNET_LOG_WARNING';
		my (@formats, $open);
		for my $token (@{$args[$at]}) { # a choice of two has two
			if ($token->[0] ne 'string') { $open = 0 }
			elsif ($open) { $formats[-1] .= $token->[1] }
			else { push @formats, $token->[1]; $open = 1 }
		}
		if (!@formats) {
			print "$file:$line: the format of $name() is no string here\n";
			$failed = 1;
		}
		for my $format (@formats) {
			$format =~ s/^vnet: |\\n$//g;
			$format =~ s/\\(.)/$1/g;
			(my $words = $format) =~ s/%[-.0-9]*(?:[hlzj]*[a-z]|%)//g;
			push @{($words =~ /[a-z]/i ? \%where : \%joins)->{$format}}, "$file:$line";
		}
	}
}

# As a pattern, and how much of it is text.
my %pattern;
for my $format (keys %where) {
	my ($re, $letters) = ('', 0);

	for (split /(%[-.0-9]*(?:[hlzj]*[a-z]|%))/, $format) {
		if (/^%.*[du]$/) { $re .= '-?[0-9]+' }
		elsif (/^%.*x$/) { $re .= '[0-9a-f]+' }
		elsif (/^%.*[sc]$/) { $re .= '.*' }
		else { s/^%%$/%/; $re .= quotemeta; $letters += length }
	}
	$pattern{$format} = [$re, $letters];
}

my %provoked;
my @by_letters = sort { $pattern{$b}[1] <=> $pattern{$a}[1] } keys %pattern;
for my $line (lines($said)) { # the one that fits best
	my ($best) = grep { $line =~ /(?:^|: )$pattern{$_}[0]$/ } @by_letters;
	$provoked{$best} = 1 if defined $best;
}
my @expected = lines($expected);
for my $format (grep { grep { /^helpers/ } @{$where{$_}} } keys %where) {
	my ($text) = sort { length($b) <=> length($a) } # its longest words
		map { s/^[^a-z]+|[^a-z]+$//gir } split /%[-.0-9]*[hlzj]*[a-z]/, $format;

	$provoked{$format} = 1 if grep { /\Q$text\E/ } @expected;
}

my (%allowed, $reason);
for my $line (lines($allow)) {
	if ($line =~ /^# (.+)/) { $reason = $1 }
	elsif ($line eq '') { undef $reason }
	elsif (!defined $reason) { print "$allow: no reason for '$line'\n"; $failed = 1 }
	elsif (!$where{$line}) { print "$allow: no message '$line'\n"; $failed = 1 }
	else { $allowed{$line} = 1 }
}
for my $format (sort { $where{$a}[0] cmp $where{$b}[0] } keys %where) {
	if (!$provoked{$format} && !$allowed{$format}) {
		print "$where{$format}[0]: no test provokes '$format'\n";
		$failed = 1;
	} elsif ($provoked{$format} && $allowed{$format}) {
		print "$allow: a test provokes '$format'\n";
		$failed = 1;
	}
}
printf "%d messages: %d provoked, %d allowed without a test\n",
	scalar(keys %where), scalar(keys %provoked), scalar(keys %allowed);
exit($failed ? 1 : 0);
PERL
