#pragma once
#include "model/formats/gguf_reader.hpp"

namespace model::gguf {

/// A tokenizer as the metadata has it (tokenizer.ggml.*). What the file does not say is empty.
struct Vocabulary {
  rt::Text model;          // "llama": SentencePiece; "gpt2": byte-level BPE
  rt::Text pre;            // how byte-level BPE cuts a text into words
  rt::Text chat_template;  // Jinja
  rt::Span<rt::Text> tokens;
  rt::Span<float> scores;    // as many as tokens, or none
  rt::Span<uint8_t> types;   // as many as tokens, or none: TokenType (special_tokens.hpp)
  rt::Span<rt::Text> merges;  // "left right", best first
  uint32_t bos = kNone, eos = kNone, eot = kNone, eom = kNone, unknown = kNone;
  uint32_t add_bos = kUnsaid, add_space_prefix = kUnsaid;

  static constexpr uint32_t kNone = ~0u;    // no such token; ids past the vocabulary mean that too
  static constexpr uint32_t kUnsaid = ~0u;  // neither yes nor no
};

/// What the metadata says about a model of the llama architecture; 0 where it says nothing.
struct Header {
  uint32_t version = 0, alignment = 32;
  uint64_t n_tensors = 0;
  rt::Text architecture, name, rope_scaling;
  uint32_t n_layers = 0, context_length = 0, dim = 0, hidden_dim = 0, n_heads = 0, n_kv_heads = 0;
  uint32_t key_length = 0, value_length = 0, rope_dim = 0, n_experts = 0;
  uint32_t split_no = 0, split_count = 0, split_tensors = 0;  // of a model in several files: this one, from 0; all
  float norm_epsilon = 0, rope_base = 10000, rope_factor = 0, rope_scale_linear = 0;
  Vocabulary vocabulary;
};

/// Reads the counts and all metadata, in whatever order. Refuses what is no GGUF file or no dense model
/// of the llama architecture that we can run; every known key that occurs twice, has another type or is out of bounds;
/// passes over unknown ones. In a split model's further files (split_no > 0) nothing is needed. Texts and arrays are in
/// `arena`. Returns key_length, n_kv_heads and rope_factor filled in where the file leaves them to be inferred.
rt::Result<Header> read_header(Reader& reader, rt::Arena& arena);

}  // namespace model::gguf
