// Which choice an answer names. How often people agree: tests/golden/answers.jsonl.
//
// An answer is read as words and marks. Every place that names a choice is a mention with a
// strength: a bare "(B)" in the running text is weak, "the answer is B" strong, "\boxed{B}" and
// "the final answer is B" strongest. The strongest kind that occurs decides, and of several the
// last; weak mentions decide only if they agree. An article "A" and a pronoun "I" are no labels.
#include "proctor/eval/grading.hpp"
#include "words.hpp"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <unordered_map>

namespace proctor {
namespace {

enum class strength {
    lone,        // the only label in a short answer: "Only B fits."
    choice_text, // its words occur somewhere
    passing,     // "(B)", "option B", a line "B) …"
    opening,     // the answer begins with it, or draws a conclusion: "Therefore, B."
    stated,      // "the answer is B", "B is correct", a line of its own at either end
    final_word,  // "the final answer is B", "\boxed{B}"
};

constexpr int unclear = -1; // "A or B": a mention that names no single choice

struct mention {
    strength how;
    int choice;
};

// The words of a choice's text, found in the answer.
struct text_match {
    std::size_t begin = 0, end = 0; // places in token_list::words()
    int choice = 0;
};

// What a word or a mark may be there for. English, German, French, Spanish, Italian, Portuguese,
// Russian; Chinese and Japanese, whose words are single ideographs here, have lines of their own in
// the code, too.
enum class words_for : unsigned {
    answer_noun, // what announces a choice
    bridge,      // what may come before the link: "the answer *to this question* is"
    link,        // between that and the choice
    filler,      // what may come behind it: "is *most likely option* B"
    choosing,    // what comes before a choice that is taken
    concluding,  // what begins a conclusion
    alternative, // between two choices
    being,       // between a choice and what it is called
    praise,      // what may come before that: "is *clearly the only* correct"
    right,       // what a choice may be called
    denial,      // one or two words before a choice that is not meant
    late_denial, // right behind such a choice
    state,       // between a choice and a negation
    negation,    // behind that
    article,     // what the words of a choice may begin with, and an answer leave out
    counted,     // what a choice may be called by its place: "the second *option*"
    opener,      // in front of a label
    closer,      // behind it
};

constexpr struct {
    words_for what;
    std::string_view words; // blanks between them
} vocabulary[] = {
    {words_for::answer_noun,
     "answer ans choice option solution alternative selection response letter "
     "antwort lösung réponse l'option respuesta opción risposta l'opzione opzione "
     "resposta alternativa letra opção ответ вариант"},
    {words_for::bridge,
     "to the this that question here for of problem above given correct would must "
     "should will best therefore thus choice option letter number then in case final "
     "finale correcta correcte corretta correta exacte 应 该 giusta richtige jedoch"},
    {words_for::link, ": ： is was be = - > – — ist lautet wäre est es è é это 是 为 為 は"},
    {words_for::filler,
     "a an the option choice answer letter number statement most likely probably "
     "definitely clearly simply therefore thus indeed correct right best with it is "
     "it's must be should die la le el antwort l'option opción letra lettre "
     "alternativa jedoch also daher"},
    {words_for::choosing,
     "choose chose pick picked select selected choosing selecting wähle choisis "
     "elijo scelgo escolho"},
    {words_for::concluding, "therefore thus hence so it it's definitely probably certainly clearly "
                            "obviously likely think believe guess say that this"},
    {words_for::alternative, "or and / & oder und ou et o y или 还 或 和 と"},
    {words_for::being, "is was must seems ist est es è é が 是"},
    {words_for::praise, "the be only most therefore thus clearly my final one likely die la a el"},
    {words_for::right,
     "correct right best better answer richtig korrekt richtige korrekte correcte "
     "bonne correcta correcto corretta giusta correta correto верный верно "
     "правильный 正"},
    {words_for::denial,
     "not isn't nor neither if whether suppose assume eliminate eliminates "
     "eliminated exclude excludes excluding except discard reject out unlike than "
     "cannot can't nicht weder pas ni 不 无"},
    {words_for::late_denial, "isn't can't cannot contradicts violates fails"},
    {words_for::state, "is was are would seems appears looks can must be ist sind est es è é 是"},
    {words_for::negation,
     "not incorrect wrong false invalid impossible out eliminated excluded "
     "irrelevant nicht falsch pas fausse incorrecte no incorrecta falsa sbagliata "
     "errada 不 错"},
    {words_for::article, "a an the le la les el los las der die das il lo gli"},
    {words_for::counted, "option choice alternative one"},
    {words_for::opener, "( [ { \" ' “ ‘ „ « （ 「 【"},
    {words_for::closer, ") ] } \" ' . : ! ” ’ » ） 」 】 。 ： ！"},
};

using purposes = std::uint32_t; // one bit for each of words_for

constexpr purposes bit(words_for what) {
    return purposes{1} << static_cast<unsigned>(what);
}

// An answer's words are looked up once; then it is known what each is there for.
purposes purposes_of(std::string_view word) {
    static const auto known = [] {
        std::unordered_map<std::string_view, purposes> all;
        for (const auto& [what, words] : vocabulary)
            for (std::size_t begin = 0, end = 0; end < words.size(); begin = end + 1) {
                end = std::min(words.find(' ', begin), words.size());
                all[words.substr(begin, end - begin)] |= bit(what);
            }
        return all;
    }();
    const auto found = known.find(word);
    return found == known.end() ? 0 : found->second;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

using word_list = std::vector<std::string>;

word_list words_of_choice(std::string_view text) {
    const token_list tokens(text);
    word_list words;
    for (const auto i : tokens.words()) words.emplace_back(tokens[i].lower);
    if (words.size() > 1 && (purposes_of(words.front()) & bit(words_for::article)) != 0)
        words.erase(words.begin());
    return words;
}

// Knuth, Morris and Pratt: linear whatever the answer repeats.
void find_all(const token_list& answer, const word_list& wanted, int choice,
              std::vector<text_match>& found) {
    if (wanted.size() > answer.words().size()) return;
    std::vector<std::size_t> border(wanted.size(), 0);
    for (std::size_t i = 1, k = 0; i < wanted.size(); ++i) {
        while (k > 0 && wanted[i] != wanted[k]) k = border[k - 1];
        if (wanted[i] == wanted[k]) ++k;
        border[i] = k;
    }
    const auto& words = answer.words();
    for (std::size_t i = 0, k = 0; i < words.size(); ++i) {
        const auto word = answer[words[i]].lower;
        while (k > 0 && (k == wanted.size() || word != wanted[k])) k = border[k - 1];
        if (word == wanted[k]) ++k;
        if (k == wanted.size()) found.push_back({i + 1 - k, i + 1, choice});
    }
}

// Matches that no longer match contains: "acid" is not named by "nucleic acid".
std::vector<text_match> find_choice_texts(const token_list& answer,
                                          const std::vector<std::string>& choices) {
    std::vector<word_list> wanted;
    for (const auto& text : choices) wanted.push_back(words_of_choice(text));
    std::vector<text_match> found;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (!wanted[i].empty() && std::count(wanted.begin(), wanted.end(), wanted[i]) == 1)
            find_all(answer, wanted[i], static_cast<int>(i), found);
    std::sort(found.begin(), found.end(), [](const text_match& a, const text_match& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    std::vector<text_match> kept;
    std::size_t covered = 0;
    for (const auto& match : found) {
        if (match.end <= covered) continue;
        covered = match.end;
        kept.push_back(match);
    }
    return kept;
}

class extraction {
public:
    extraction(std::string_view text, const std::vector<std::string>& labels,
               const std::vector<std::string>& choices)
        : text_(text), tokens_(text), matches_(find_choice_texts(tokens_, choices)),
          match_at_(tokens_.size(), -1) {
        for (const auto& label : labels) labels_.push_back(to_lower(label));
        purposes_.reserve(tokens_.size());
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            purposes_.push_back(purposes_of(tokens_[i].lower));
        for (std::size_t i = 0; i < matches_.size(); ++i)
            match_at_[tokens_.words()[matches_[i].begin]] = static_cast<int>(i);
    }

    std::optional<int> choice() {
        for (std::size_t i = 0; i < tokens_.size(); ++i) look_at(i);
        look_at_opening();
        look_at_texts();
        look_at_lone_label();
        return decide();
    }

private:
    void look_at(std::size_t i);
    void look_at_opening();
    void look_at_texts();
    void look_at_lone_label();
    std::optional<int> decide() const;

    bool is(std::size_t i, words_for what) const {
        return i < tokens_.size() && (purposes_[i] & bit(what)) != 0;
    }
    bool is(std::size_t i, std::initializer_list<std::string_view> words) const {
        return i < tokens_.size() && one_of(tokens_[i].lower, words);
    }
    bool is_opener(std::size_t i) const { return is(i, words_for::opener); }
    bool is_closer(std::size_t i) const { return is(i, words_for::closer); }
    std::size_t skip_openers(std::size_t i) const {
        while (is_opener(i)) ++i;
        return i;
    }
    std::size_t skip_closers(std::size_t i) const {
        while (is_closer(i)) ++i;
        return i;
    }
    // Whether the sentence, or the line, ends in front of token `i`.
    bool ends_before(std::size_t i) const {
        return i >= tokens_.size() || tokens_[i].begins_line || !tokens_[i].is_word;
    }

    bool is_wide(std::size_t i) const { return i < tokens_.size() && is_ideograph(tokens_[i].raw); }
    // What may stand in front of an answer on its line.
    bool is_bullet(std::size_t i) const { return is(i, {"-", ">", "<", "•", "✅"}); }
    bool ends_line(std::size_t behind) const {
        behind = skip_closers(behind);
        if (is(behind, {">"})) ++behind;
        return behind >= tokens_.size() || tokens_[behind].begins_line;
    }

    // "option 2" where labels are letters, "the second option".
    std::optional<int> counted_at(std::size_t i) const;
    std::size_t label_end(std::size_t i) const { return ordinal_at(i) ? i + 2 : i + 1; }
    std::optional<int> ordinal_at(std::size_t i) const;

    // The choice whose label token `i` is, or unclear (nothing) if it is none.
    std::optional<int> label_at(std::size_t i) const;
    const text_match* match_at(std::size_t i) const {
        return i < match_at_.size() && match_at_[i] >= 0 ? &matches_[std::size_t(match_at_[i])]
                                                         : nullptr;
    }
    // Behind the last token of a match.
    std::size_t token_end(const text_match& match) const {
        return tokens_.words()[match.end - 1] + 1;
    }

    // What stands at token `i`, where a choice is expected.
    std::optional<int> named_at(std::size_t i) const;
    bool continues_with_another(std::size_t behind_label, int choice) const;
    bool begins_list(std::size_t label) const;

    bool is_denied(std::size_t begin, std::size_t end) const;
    bool is_called_right(std::size_t begin, std::size_t behind) const;

    struct cue {
        strength how;
        std::size_t end; // where the choice is expected
    };
    std::optional<cue> cue_at(std::size_t i) const;
    std::size_t skip_fillers(std::size_t i) const;

    std::string_view text_;
    token_list tokens_;
    std::vector<purposes> purposes_;  // by token
    std::vector<std::string> labels_; // in lower case
    std::vector<text_match> matches_;
    std::vector<int> match_at_; // by token: which match begins here
    std::vector<mention> mentions_;
};

std::optional<int> extraction::ordinal_at(std::size_t i) const {
    constexpr std::string_view ordinals[] = {"first", "second",  "third",  "fourth", "fifth",
                                             "sixth", "seventh", "eighth", "ninth",  "tenth"};
    if (i >= tokens_.size() || !is(i + 1, words_for::counted)) return std::nullopt;
    const auto count = static_cast<int>(labels_.size());
    if (is(i, {"last"})) return count - 1;
    const auto* const found = std::find(std::begin(ordinals), std::end(ordinals), tokens_[i].lower);
    const auto index = static_cast<int>(found - std::begin(ordinals));
    if (found == std::end(ordinals) || index >= count) return std::nullopt;
    return index;
}

std::optional<int> extraction::counted_at(std::size_t i) const {
    if (const auto ordinal = ordinal_at(i)) return ordinal;
    const auto raw = tokens_[i].raw;
    const bool is_digit = raw.size() == 1 && raw.front() >= '1' && raw.front() <= '9';
    if (!is_digit || i == 0 || match_at(i)) return std::nullopt;
    if (!is(i - 1, {"option", "choice", "number", "alternative", "opción"})) return std::nullopt;
    const auto index = raw.front() - '1';
    const bool numbered = labels_.front().front() >= '0' && labels_.front().front() <= '9';
    if (numbered || index >= static_cast<int>(labels_.size())) return std::nullopt;
    return index;
}

std::optional<int> extraction::label_at(std::size_t i) const {
    if (i >= tokens_.size() || !tokens_[i].is_word || labels_.empty()) return std::nullopt;
    if (const auto counted = counted_at(i)) return counted;
    const auto raw = tokens_[i].raw;
    if (raw.size() > 2) return std::nullopt;
    for (std::size_t k = 0; k < labels_.size(); ++k) {
        if (labels_[k] != tokens_[i].lower) continue;
        const bool enclosed = i > 0 && is_opener(i - 1) && is_closer(i + 1);
        const bool alone = ends_before(i + 1) || is_wide(i + 1) || (i > 0 && is_wide(i - 1));
        const bool reasoned = is(i + 1, {"because", "since", "is", "-", "<", "ist", "denn", "est",
                                         "car", "es", "porque", "è", "é"});
        const bool capital = raw.front() >= 'A' && raw.front() <= 'Z';
        // Small letters and numbers are words of the language first; so are "A" and "I".
        if (enclosed || alone) return static_cast<int>(k);
        if (capital && (reasoned || (raw != "A" && raw != "I"))) return static_cast<int>(k);
        if (!capital && reasoned && raw.front() >= '0' && raw.front() <= '9')
            return static_cast<int>(k);
        return std::nullopt;
    }
    return std::nullopt;
}

bool extraction::continues_with_another(std::size_t behind, int choice) const {
    behind = skip_closers(behind);
    if (!is(behind, words_for::alternative) && !is(behind, {",", "、", "，", "e", "и"}))
        return false;
    if (is(behind, {"还"}) && is(behind + 1, {"是"})) ++behind;
    const auto at = skip_openers(behind + 1);
    const auto other = label_at(at);
    return other && *other != choice && (ends_before(at + 1) || is(at + 1, words_for::alternative));
}

// "(A) Sydney, (B) Canberra, (C) Melbourne": all choices in one sentence, told and not chosen.
bool extraction::begins_list(std::size_t i) const {
    constexpr std::size_t longest = 256; // tokens
    const auto count = static_cast<int>(labels_.size());
    int next = 0;
    for (const auto end = std::min(tokens_.size(), i + longest); i < end && next < count; ++i) {
        const bool marked = (i > 0 && is_opener(i - 1)) || is(i + 1, {")", ".", ":"});
        if (marked && label_at(i) == next) {
            ++next;
            if (is(i + 1, {".", ":"})) ++i;
        } else if (next == 0 || is(i, {".", "?", "!", ";"})) {
            return false;
        }
    }
    return count > 2 && next == count;
}

std::optional<int> extraction::named_at(std::size_t i) const {
    i = skip_openers(i);
    const auto label = label_at(i);
    if (label && begins_list(i)) return std::nullopt;
    const auto* match = match_at(i);
    if (label) {
        if (continues_with_another(i + 1, *label)) return unclear;
        if (!match || match->choice == *label || is(i + 1, {")"})) return label;
        // "4" may be the fourth choice, or the second one, which says 4.
        return match->end - match->begin == 1 ? unclear : match->choice;
    }
    if (match) {
        // "9 + 1 = 10" does not name the choice 9.
        const auto behind = token_end(*match);
        if (is(behind, {"+", "-", "=", "/", "^"})) return std::nullopt;
        return match->choice;
    }
    return std::nullopt;
}

// "not B", "neither A nor B", "B is wrong", "if B is correct": named, but not as the answer.
bool extraction::is_denied(std::size_t begin, std::size_t end) const {
    while (begin > 0 && (is_opener(begin - 1) || is(begin - 1, words_for::answer_noun))) --begin;
    for (std::size_t back = 1; back <= 2 && back <= begin; ++back)
        if (is(begin - back, words_for::denial)) return true;
    end = skip_closers(end);
    if (is(end, words_for::late_denial)) return true;
    if (!is(end, words_for::state)) return false;
    for (auto at = end + 1; at <= end + 3; ++at)
        if (is(at, words_for::negation)) return true;
    return false;
}

// "… is the correct one", "… is right", "therefore is … the right one", as German has it.
bool extraction::is_called_right(std::size_t begin, std::size_t at) const {
    at = skip_closers(at);
    if (is(at, {"正"})) return true;
    if (is(at, {"option", "choice", "alternative"})) ++at;
    if (is(at, words_for::being))
        ++at;
    else if (begin == 0 || !is(begin - 1, {"ist"}))
        return false;
    for (int steps = 0; steps < 4; ++steps, ++at) {
        if (is(at, words_for::right)) return true;
        if (!is(at, words_for::praise)) return false;
    }
    return false;
}

std::size_t extraction::skip_fillers(std::size_t i) const {
    for (int steps = 0; steps < 8; ++steps, ++i) {
        if (label_at(i)) break;
        if (is_opener(i) || is(i, {":", "：", "-", ",", "=", ">"})) continue;
        if (!is(i, words_for::filler)) break;
        // "A supernova" may be the very words of a choice.
        if (match_at(i)) break;
    }
    return i;
}

std::optional<extraction::cue> extraction::cue_at(std::size_t i) const {
    if (is(i, {"\\boxed"})) return cue{strength::final_word, skip_openers(i + 1)};
    if (is(i, words_for::choosing) || (is(i, {"go"}) && is(i + 1, {"with"})))
        return is_denied(i, i + 1) ? std::nullopt
                                   : std::optional(cue{strength::stated, skip_fillers(i + 1)});
    if (is(i, {"选"}) && !is(i + 1, {"项"}) && !is_denied(i, i + 1))
        return cue{strength::stated, is(i + 1, {"择"}) ? i + 2 : i + 1};
    if (is(i, words_for::concluding)) {
        const auto end = skip_fillers(i + 1);
        const auto* match = match_at(end);
        const auto behind = match && !label_at(end) ? token_end(*match) : end + 1;
        if (!ends_before(behind) || is(behind, {"?"})) return std::nullopt;
        return cue{strength::opening, end};
    }
    const bool wide_noun =
        i > 0 && ((is(i - 1, {"答"}) && is(i, {"案", "え"})) ||
                  (is(i - 1, {"选"}) && is(i, {"项"})) || (is(i - 1, {"正"}) && is(i, {"解"})));
    const bool noun = wide_noun || is(i, words_for::answer_noun) || is(i, {"final"}) ||
                      (is(i, {"richtig", "korrekt"}) && is(i + 1, {"ist"}));
    const bool described =
        i > 0 && !noun && tokens_[i].is_word && is(i - 1, {"correct", "right", "best"});
    if (!noun && !described) return std::nullopt;
    const bool last_word = i > 0 && (is(i - 1, {"final"}) || is(i + 1, {"final", "finale"}));
    const auto how = last_word ? strength::final_word : strength::stated;
    auto at = i + 1;
    for (int steps = 0; steps < 8; ++steps, ++at) {
        if (is(at, words_for::link)) return cue{how, skip_fillers(at + 1)};
        if (!is(at, words_for::bridge)) break;
    }
    return std::nullopt;
}

void extraction::look_at(std::size_t i) {
    if (const auto found = cue_at(i))
        if (const auto named = named_at(found->end)) mentions_.push_back({found->how, *named});

    const auto* match = match_at(i);
    const auto label = label_at(i);
    if (match && !label && is_called_right(i, token_end(*match)) &&
        !is_denied(i, token_end(*match)))
        mentions_.push_back({strength::stated, match->choice});
    if (!label || is_denied(i, label_end(i))) return;
    if (is_called_right(i, label_end(i))) {
        mentions_.push_back({strength::stated, *label});
        return;
    }

    auto line_begin = i;
    while (!tokens_[line_begin].begins_line &&
           (is_opener(line_begin - 1) || is_bullet(line_begin - 1)))
        --line_begin;
    if (tokens_[line_begin].begins_line && !ordinal_at(i)) {
        const bool at_an_end = line_begin == 0 || tokens_.line_end(i) == tokens_.size();
        if (at_an_end && ends_line(i + 1)) {
            mentions_.push_back({strength::stated, *label});
        } else if (is(i + 1, {")", ".", ":"})) {
            mentions_.push_back({strength::passing, *label});
        }
        return;
    }
    const bool announced = i > 0 && is(i - 1, {":", "："}) && skip_closers(i + 1) >= tokens_.size();
    const auto* own_text = match_at(skip_closers(i + 1));
    const bool in_full = is_closer(i + 1) && own_text && own_text->choice == *label;
    const bool concluded =
        in_full && i > 0 && is(i - 1, words_for::link); // "the hottest is B) Venus"
    if (announced || concluded) mentions_.push_back({strength::opening, *label});
    const bool enclosed = i > 0 && is_opener(i - 1) && is_closer(i + 1) && !is(i + 1, {".", ":"});
    if (enclosed || ordinal_at(i) || (i > 0 && is(i - 1, words_for::answer_noun)))
        mentions_.push_back({strength::passing, *label});
}

// "B. Carbon dioxide, since …": but an answer that goes on with "C. …" only lists the choices.
void extraction::look_at_opening() {
    const auto i = skip_openers(0);
    const auto label = label_at(i);
    if (!label || is_denied(i, i + 1) || begins_list(i)) return;
    if (tokens_[i].raw == "I" && is(i + 1, {","})) return; // "I, too, …"
    for (auto at = tokens_.line_end(i); at < tokens_.size(); at = tokens_.line_end(at)) {
        const auto next = is_opener(at) ? at + 1 : at;
        const auto other = label_at(next);
        if (other && *other != *label && is(next + 1, {")", ".", ":"})) return;
    }
    if (is(i + 1, {")", ".", ":", ",", "because", "since", "-", "]"}))
        mentions_.push_back(
            {continues_with_another(i + 1, *label) ? strength::stated : strength::opening,
             continues_with_another(i + 1, *label) ? unclear : *label});
}

// Words of a choice say something if the answer is those words, or ends in them, or mentions no
// other choice at all.
void extraction::look_at_texts() {
    if (matches_.empty()) return;
    const auto& words = tokens_.words();
    const auto& last = matches_.back();
    const auto first_word = words.front();
    const bool after_article = is_article(tokens_[first_word].lower);
    if (last.end == words.size()) {
        if (last.begin <= (after_article ? 1u : 0u))
            mentions_.push_back({strength::stated, last.choice});
        else if (tokens_[words[last.begin]].begins_line)
            mentions_.push_back({strength::opening, last.choice});
    }
    constexpr std::size_t short_answer = 12; // words beside the choice's own
    for (const auto& match : matches_) {
        const auto begin = words[match.begin];
        if (match.choice != last.choice || is_denied(begin, token_end(match))) return;
        if (begin >= 2 && is(begin - 2, {"might", "could", "may"})) return;
        const bool is_number = tokens_[words[match.begin]].raw.find_first_of("0123456789") == 0;
        if (is_number && words.size() > short_answer + (match.end - match.begin)) return;
    }
    mentions_.push_back({strength::choice_text, last.choice});
}

// Under the words of a choice: "B" is a word of many things, of vitamins and of plans.
void extraction::look_at_lone_label() {
    constexpr std::size_t short_answer = 40; // words
    if (tokens_.words().size() > short_answer) return;
    std::optional<int> lone;
    for (const auto i : tokens_.words()) {
        const auto raw = tokens_[i].raw;
        if (raw.size() != 1 || raw.front() < 'A' || raw.front() > 'Z') continue;
        if ((i > 0 && is(i - 1, words_for::alternative)) || is(i + 1, words_for::alternative))
            return;
        const auto label = label_at(i);
        if (!label || raw == "I") continue;
        if (is_denied(i, i + 1) || is(i + 1, {"?"})) continue;
        if (lone && *lone != *label) return;
        lone = label;
    }
    if (lone) mentions_.push_back({strength::lone, *lone});
}

// Whether the answer begins by declining to give one.
bool is_refusal(std::string_view text) {
    const auto beginning = to_lower(text.substr(0, 200));
    for (const std::string_view phrase : {"i'm sorry",
                                          "i am sorry",
                                          "i cannot",
                                          "i can't",
                                          "i am unable",
                                          "i'm unable",
                                          "i won't",
                                          "i will not",
                                          "as an ai",
                                          "i do not know",
                                          "i don't know",
                                          "i’m sorry",
                                          "i can’t",
                                          "i don’t know",
                                          "sorry",
                                          "decline to",
                                          "apologies",
                                          "unfortunately",
                                          "impossible to",
                                          "would rather not",
                                          "es tut mir leid",
                                          "kann ich nicht",
                                          "ich kann diese frage nicht",
                                          "weiß ich nicht",
                                          "ich möchte mich nicht",
                                          "je suis désolé",
                                          "je ne peux pas",
                                          "je ne sais pas",
                                          "lo siento",
                                          "no puedo",
                                          "no lo sé",
                                          "抱歉",
                                          "无法",
                                          "不能",
                                          "不知道",
                                          "申し訳",
                                          "извините",
                                          "не могу"})
        if (beginning.find(phrase) != std::string::npos) return true;
    return false;
}

std::optional<int> extraction::decide() const {
    if (mentions_.empty()) return std::nullopt;
    const auto strongest =
        std::max_element(mentions_.begin(), mentions_.end(),
                         [](const mention& a, const mention& b) { return a.how < b.how; })
            ->how;
    // One who declines and still talks about the choices has not chosen; one who then does has.
    if (strongest < strength::stated && is_refusal(text_)) return std::nullopt;
    std::optional<int> decided;
    for (const auto& next : mentions_) {
        if (next.how != strongest) continue;
        if (strongest == strength::passing && decided && *decided != next.choice)
            return std::nullopt;
        decided = next.choice;
    }
    if (*decided == unclear) return std::nullopt;
    return decided;
}

} // namespace

std::optional<std::string> extract_choice(std::string_view text,
                                          const std::vector<std::string>& labels,
                                          const std::vector<std::string>& choices) {
    const auto named = extraction(text, labels, choices).choice();
    if (!named) return std::nullopt;
    return labels[static_cast<std::size_t>(*named)];
}

} // namespace proctor
