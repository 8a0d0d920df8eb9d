// No model inside: llama.efi reads one from a disk.
        .section .rdata, "dr"
        .globl  embedded_model_begin, embedded_model_end
        .globl  embedded_tokenizer_begin, embedded_tokenizer_end
embedded_model_begin:
embedded_model_end:
embedded_tokenizer_begin:
embedded_tokenizer_end:
