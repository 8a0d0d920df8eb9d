#pragma once
#include "model/chat/chat_template.hpp"
#include "model/tokenizers/tokenizer.hpp"

namespace model {

/// What was said between a user and a model, in bounded memory, and the tokens that a model reads of it. Answers are
/// kept as tokens too, as they were drawn: so what is rendered for a question begins with what the model has read and
/// written before.
///
///   ask(question); render(room) -> ids for Session::begin(); take() each token; end_answer(); ask(...) ...
class Conversation {
 public:
  Conversation() = default;
  /// An empty one for a model that looks back on `context` tokens, with a template that is known. `tokenizer` must
  /// outlive it.
  static rt::Result<Conversation> create(const ChatTemplate& chat, const Tokenizer& tokenizer, uint32_t context,
                                         rt::Arena& arena);
  /// What create() takes from an arena, in bytes.
  static constexpr uint64_t arena_bytes(uint32_t context) {
    return rt::round_up(pool_bytes(context), rt::Arena::kAlign) +
           rt::round_up(most_turns(context) * (sizeof(Turn) + sizeof(uint32_t)), rt::Arena::kAlign) +
           rt::round_up(ids_needed(context) * sizeof(Token), rt::Arena::kAlign);
  }

  rt::Span<const Turn> turns() const { return {turns_.data, count_}; }
  const ChatTemplate& chat_template() const { return chat_; }
  void set_template(const ChatTemplate& chat);

  /// Forgets all but what the system said.
  void clear();
  /// What the system says from now on; empty: what the template has. Fails where there is no room for it.
  rt::Result<void> set_system(rt::Text text);
  /// The conversation is now this one. Where it is too long, its oldest turns are missing.
  rt::Result<void> load(rt::Span<const Turn> turns);

  /// Adds a question. Where the memory for texts is full, the oldest turns go. Fails where there would still be no
  /// room.
  rt::Result<void> ask(rt::Text question);

  /// All as the model reads it, up to where its answer begins. Where that and `room` tokens do not fit the context, the
  /// oldest turns go, and then so many that the next questions fit too: what is left must all be read again. Fails
  /// where the last turn alone is too long; that turn is then forgotten. Valid until the next call; `arena` is rewound.
  rt::Result<rt::Span<const Token>> render(uint32_t room, rt::Arena& arena);
  /// What the model will read whatever is asked next, to be read ahead; none where that is not known or there is no
  /// room for it. Valid until the next call; `arena` is rewound.
  rt::Span<const Token> foreseen(rt::Arena& arena);
  /// Turns that went since the last call of this.
  uint32_t take_dropped();

  /// The next token of the answer to what was rendered, and the text that it stands for. False where there is no memory
  /// for it: then the answer is over.
  bool take(Token token, rt::Text text);
  /// The answer is complete, or was stopped: its turn is closed. `arena` is rewound.
  void end_answer(rt::Arena& arena);
  /// Forgets the last answer, for another one. False where the last turn is none.
  bool drop_answer();

 private:
  static constexpr uint32_t kClosing = 16;  // tokens that end a turn, at most
  static constexpr uint64_t pool_bytes(uint32_t context) { return 512 + uint64_t{context} * 8; }
  static constexpr uint64_t most_turns(uint32_t context) { return 8 + context / 4; }
  static constexpr uint64_t ids_needed(uint32_t context) { return uint64_t{context} + 1 + kClosing; }

  bool has_system() const { return count_ && turns_[0].role == Role::system; }
  rt::Result<void> add(Role role, rt::Text text);
  void move(uint64_t from, int64_t by);
  void remove(uint64_t first, uint64_t n);
  bool drop_oldest();
  void forget_ids(uint64_t first);
  uint64_t settled(uint32_t& ids) const;
  rt::Result<uint64_t> write(rt::Span<const Turn> turns, uint64_t from, uint32_t known, Next next, rt::Arena& arena);
  void open();

  ChatTemplate chat_;
  const Tokenizer* tokenizer_ = nullptr;
  uint32_t context_ = 0;
  rt::Span<char> pool_;     // the texts of turns_, one behind the other
  uint64_t used_ = 0;       // bytes of it
  rt::Span<Turn> turns_;
  rt::Span<uint32_t> end_;  // of each turn: how many of ids_ there are when it has been read; 0: that is not known
  uint64_t count_ = 0;      // of both
  rt::Span<Token> ids_;     // what was rendered last, and the answer to it
  uint64_t n_ids_ = 0;
  uint32_t dropped_ = 0;
  bool rendered_ = false;   // ids_ end where the answer begins, or goes on
  bool open_ = false;       // the last turn is an answer that goes on
};

}  // namespace model
