#include "model/chat/conversation.hpp"

#include "rt/parse.hpp"

namespace model {
namespace {

/// `text` without the beginning of a character at its end.
rt::Text without_half(rt::Text text) {
  for (uint64_t n = 1; n <= rt::min<uint64_t>(text.size, 3); ++n) {
    const uint8_t byte = uint8_t(text[text.size - n]);
    if ((byte & 0xc0) == 0x80) continue;
    const uint64_t wants = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return text.part(0, wants > n ? text.size - n : text.size);
  }
  return text;
}

}  // namespace

rt::Result<Conversation> Conversation::create(const ChatTemplate& chat, const Tokenizer& tokenizer, uint32_t context,
                                              rt::Arena& arena) {
  rt::Result<rt::Span<char>> pool = arena.make_raw<char>(pool_bytes(context));
  if (!pool) return pool.error();
  const uint64_t most = most_turns(context);
  rt::Result<rt::Span<uint8_t>> turns = arena.make_raw<uint8_t>(most * (sizeof(Turn) + sizeof(uint32_t)));
  if (!turns) return turns.error();
  rt::Result<rt::Span<Token>> ids = arena.make_raw<Token>(ids_needed(context));
  if (!ids) return ids.error();
  Conversation made;
  made.chat_ = chat;
  made.tokenizer_ = &tokenizer;
  made.context_ = context;
  made.pool_ = *pool;
  made.turns_ = {reinterpret_cast<Turn*>(turns->data), most};
  made.end_ = {reinterpret_cast<uint32_t*>(turns->data + most * sizeof(Turn)), most};
  made.ids_ = *ids;
  return made;
}

void Conversation::set_template(const ChatTemplate& chat) {
  chat_ = chat;
  forget_ids(0);
}

/// The tokens of turns from `first` on are no longer known.
void Conversation::forget_ids(uint64_t first) {
  for (uint64_t i = first; i < count_; ++i) end_[i] = 0;
  rendered_ = false;
}

void Conversation::clear() {
  open_ = false;
  remove(has_system(), count_ - has_system());
}

/// Moves the texts from turn `from` on in the pool.
void Conversation::move(uint64_t from, int64_t by) {
  const uint64_t at = from < count_ ? uint64_t(turns_[from].text.data - pool_.data) : used_;
  rt::move_bytes(pool_.data + at + by, pool_.data + at, used_ - at);
  used_ += uint64_t(by);
  for (uint64_t i = from; i < count_; ++i) turns_[i].text.data += by;
}

/// Removes turns. What is behind them must then be read anew.
void Conversation::remove(uint64_t first, uint64_t n) {
  uint64_t bytes = 0;
  for (uint64_t i = first; i < first + n; ++i) bytes += turns_[i].text.size;
  move(first + n, -int64_t(bytes));
  rt::move_bytes(&turns_[first], &turns_[first + n], (count_ - first - n) * sizeof(Turn));
  count_ -= n;
  forget_ids(first);
}

rt::Result<void> Conversation::set_system(rt::Text text) {
  const uint64_t before = has_system() ? turns_[0].text.size : 0;
  if (text.size > before && (text.size - before > pool_.count - used_ || count_ == turns_.count))
    return rt::fail(rt::Errc::usage, text.size, "the system's text has %'llu bytes, too many for this conversation",
                    static_cast<unsigned long long>(text.size));
  if (has_system()) remove(0, 1);
  if (!text.empty()) {
    move(0, int64_t(text.size));
    rt::move_bytes(&turns_[1], &turns_[0], count_ * sizeof(Turn));
    rt::copy_bytes(pool_.data, text.data, text.size);
    turns_[0] = {Role::system, {pool_.data, text.size}};
    ++count_;
  }
  forget_ids(0);
  return {};
}

/// Drops the oldest turn that is not the system's, and what answers it. False where the last turn would go.
bool Conversation::drop_oldest() {
  const uint64_t first = has_system();
  uint64_t n = 1;
  while (first + n < count_ && turns_[first + n].role != Role::user) ++n;
  if (first + n >= count_) return false;
  remove(first, n);
  dropped_ += uint32_t(n);
  return true;
}

rt::Result<void> Conversation::add(Role role, rt::Text text) {
  if (text.size > pool_.count - (has_system() ? turns_[0].text.size : 0))
    return rt::fail(rt::Errc::usage, text.size, "a text of %'llu bytes is too long for a context of %'u tokens",
                    static_cast<unsigned long long>(text.size), context_);
  // Behind a question there is a place for the answer.
  while (text.size > pool_.count - used_ || count_ + 2 > turns_.count)
    if (!drop_oldest()) {
      dropped_ += uint32_t(count_ - has_system());
      remove(has_system(), count_ - has_system());
    }
  rendered_ = false;
  rt::copy_bytes(pool_.data + used_, text.data, text.size);
  turns_[count_] = {role, {pool_.data + used_, text.size}};
  end_[count_++] = 0;
  used_ += text.size;
  return {};
}

rt::Result<void> Conversation::load(rt::Span<const Turn> turns) {
  open_ = false;
  remove(0, count_);
  for (const Turn& turn : turns)
    if (rt::Result<void> done = add(turn.role, turn.text); !done) return done;
  return {};
}

rt::Result<void> Conversation::ask(rt::Text question) {
  open_ = false;
  return add(Role::user, question);
}

/// The turns in front whose tokens are known, and how many these are.
uint64_t Conversation::settled(uint32_t& ids) const {
  uint64_t n = count_;
  while (n && !end_[n - 1]) --n;
  ids = n ? end_[n - 1] : 0;
  return n;
}

/// Writes the tokens of `turns` into ids_, behind the first `known`, which are those of turns before `from`; as far as
/// the context has room. Returns how many there should be in all.
rt::Result<uint64_t> Conversation::write(rt::Span<const Turn> turns, uint64_t from, uint32_t known, Next next,
                                         rt::Arena& arena) {
  const rt::Arena::Mark mark = arena.mark();
  rendered_ = false;
  rt::Result<rt::Span<TextPart>> parts = model::render(chat_, turns, from, next, arena);
  if (!parts) return parts.error();
  rt::Result<rt::Span<Token>> rest = tokenizer_->encode(*parts, arena);
  arena.rewind(mark);
  if (!rest) return rest.error();
  const Token first = tokenizer_->first();
  if (known == 0 && tokenizer_->adds_first() && (rest->empty() || (*rest)[0] != first)) ids_[known++] = first;
  n_ids_ = rt::min<uint64_t>(context_, known + rest->count);
  rt::move_bytes(ids_.data + known, rest->data, (n_ids_ - known) * sizeof(Token));
  return known + rest->count;
}

rt::Result<rt::Span<const Token>> Conversation::render(uint32_t room, rt::Arena& arena) {
  open_ = false;
  uint32_t known;
  const uint64_t from = settled(known);
  rt::Result<uint64_t> needed = write(turns(), from, known, Next::answer, arena);
  if (needed && *needed + room > context_) {
    // What cannot be dropped comes first: it may be too long by itself.
    Turn kept[2];
    uint64_t n = 0;
    if (has_system()) kept[n++] = turns_[0];
    if (count_ > n) kept[n++] = turns_[count_ - 1];
    needed = write({kept, n}, 0, 0, Next::answer, arena);
    if (needed && *needed >= context_) {
      forget_ids(0);
      if (count_ > has_system()) remove(count_ - 1, 1);
      return rt::fail(rt::Errc::usage, *needed, "with this there are %'llu tokens, the context of this model holds %'u",
                      static_cast<unsigned long long>(*needed), context_);
    }
    room = rt::max(room, rt::min(2 * room, context_ / 2));
    while (needed && drop_oldest()) {
      needed = write(turns(), 0, 0, Next::answer, arena);
      if (needed && *needed + room <= context_) break;
    }
  }
  if (!needed) return needed.error();
  rendered_ = true;
  return rt::Span<const Token>{ids_.data, n_ids_};
}

rt::Span<const Token> Conversation::foreseen(rt::Arena& arena) {
  if (open_ || (count_ && turns_[count_ - 1].role == Role::user)) return {};
  uint32_t known;
  const uint64_t from = settled(known);
  rt::Result<uint64_t> needed = write(turns(), from, known, Next::question, arena);
  if (!needed || *needed >= context_) return {};
  return {ids_.data, n_ids_};
}

uint32_t Conversation::take_dropped() {
  const uint32_t dropped = dropped_;
  dropped_ = 0;
  return dropped;
}

/// Begins the turn of an answer.
void Conversation::open() {
  if (open_) return;
  turns_[count_] = {Role::assistant, {pool_.data + used_, 0}};
  end_[count_++] = 0;
  open_ = true;
}

bool Conversation::take(Token token, rt::Text text) {
  if (!rendered_ || text.size > pool_.count - used_ || n_ids_ + kClosing >= ids_.count) return false;
  open();
  rt::copy_bytes(pool_.data + used_, text.data, text.size);
  turns_[count_ - 1].text.size += text.size;
  used_ += text.size;
  ids_[n_ids_++] = token;
  return true;
}

void Conversation::end_answer(rt::Arena& arena) {
  if (!rendered_) return;
  open();
  open_ = rendered_ = false;
  rt::Text& text = turns_[count_ - 1].text;
  used_ -= text.size - without_half(text).size;
  text = without_half(text);

  const rt::Arena::Mark mark = arena.mark();
  const TextPart after = {rt::trim(chat_.family->after[int(Role::assistant)]), true};
  rt::Result<rt::Span<Token>> closing = tokenizer_->encode({&after, 1}, arena);
  arena.rewind(mark);
  if (!closing || closing->count > kClosing || n_ids_ + closing->count > context_) return;
  rt::copy_bytes(ids_.data + n_ids_, closing->data, closing->bytes());
  n_ids_ += closing->count;
  end_[count_ - 1] = uint32_t(n_ids_);
}

bool Conversation::drop_answer() {
  open_ = false;
  if (!count_ || turns_[count_ - 1].role != Role::assistant) return false;
  remove(count_ - 1, 1);
  return count_ && turns_[count_ - 1].role == Role::user;
}

}  // namespace model
