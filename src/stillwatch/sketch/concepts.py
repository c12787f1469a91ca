"""Which tokens point to which concept, in several languages: the raw material of the intent flags.

A concept is one bit of a 32-bit word. An intent (see `intent`) asks for several concepts in one prompt.
The lists are coarse on purpose: they describe, they never decide. Ideographs stand alone as tokens, so
Chinese and Japanese concepts are single characters and coarser still.
"""

from __future__ import annotations


class Concept:
    """Bits of a token's concept word."""

    GRADE = 1 << 0
    SCALE = 1 << 1
    ANSWER = 1 << 2  # an answer, response, output, text that is being talked about
    REASONING = 1 << 3
    RECONSTRUCT = 1 << 4  # imagine, articulate, reconstruct, infer
    COMPLETED = 1 << 5  # completed, given, final, above
    STEP = 1 << 6
    REWRITE = 1 << 7
    PROMPT = 1 << 8  # a prompt, instruction, question
    GENERATE = 1 << 9
    DIVERSE = 1 << 10  # diverse, different, varied; or a pair
    TRANSLATE = 1 << 11
    CONTEXT = 1 << 12
    ONLY = 1 << 13  # only, solely, based
    CODE = 1 << 14
    CLASSIFY = 1 << 15
    ENTITY = 1 << 16
    TRAINING = 1 << 17  # dataset, training, fine-tuning, synthetic
    SUMMARY = 1 << 18


_WORDS: dict[int, str] = {
    Concept.GRADE: """
        rate rating grade grading score scoring evaluate evaluating evaluation judge assess assessment
        rank compare evalúa evaluar califica puntúa notez évaluez évaluer bewerte bewerten beurteile
        avalie avaliar оцени оцените 评 評 判
    """,
    Concept.SCALE: """
        scale rubric criteria criterion points score scores stars rubrik skala kriterien criterios
        escala échelle critères шкала шкале критерии критериям 分 准 準
    """,
    Concept.ANSWER: """
        answer answers response responses output outputs completion completions reply solution text
        texts respuesta respuestas solución réponse réponses antwort antworten lösung resposta respostas
        solução ответ ответы ответа ответу ответом решение решения решению решением 答 复 回
    """,
    Concept.REASONING: """
        reasoning thought thoughts thinking rationale trace traces thinks deliberation razonamiento
        pensamiento raisonnement réflexion cheminement gedankengang gedankengänge gedankenkette begründung
        denkprozess überlegungen raciocínio pensamento рассуждение рассуждения рассуждений размышления
        размышлений мысли мыслей 思 推 理
    """,
    Concept.RECONSTRUCT: """
        imagine imagining articulate articulating reconstruct reconstructing reverse infer recreate recreating
        reproduce derive recover backfill imagina reconstruye reconstruya reconstruir recrea infiere deduce
        imaginez imaginer reconstitue reconstituez reconstituer reconstruis reconstruisez recrée recréez
        rekonstruiere rekonstruieren erschließe erschließen stell stelle stellen reconstrua recrie deduza
        восстанови восстановите воспроизведи воспроизведите реконструируй реконструируйте представь
        представьте вообрази вообразите 重 想 还 推 反 倒 复 再 復
    """,
    Concept.COMPLETED: """
        completed complete finished given final above following existing provided behind led produced
        completada dada anterior finale donnée fournie abgeschlossene fertige gegebene obigen finalizada
        готовый данный 已 完 上
    """,
    Concept.STEP: """
        step steps stepwise paso pasos étape étapes schritt schritte passo passos шаг шаги шагам 步 骤 驟
    """,
    Concept.REWRITE: """
        rewrite rewriting rewritten rephrase paraphrase complicate evolve reformulate reescribe réécris
        reformule umschreiben umformulieren reescreva перепиши 改 写 寫
    """,
    Concept.PROMPT: """
        prompt prompts instruction instructions question questions query queries task tasks problem
        problems pregunta preguntas instrucción instrucciones frage fragen aufgabe aufgaben pergunta
        perguntas вопрос вопросы задача задание 问 問 题 題 指
    """,
    Concept.GENERATE: """
        generate create produce write develop compose invent synthesize construct genera crea génère
        créez erzeuge erstelle gere crie создай сгенерируй 生 创 創
    """,
    Concept.DIVERSE: """
        diverse diversity different various varied variety unique pair pairs diversas distintas divers
        verschiedene unterschiedliche diversos разные 多 不
    """,
    Concept.TRANSLATE: """
        translate translation translating traduce traducir traduis traduire traduction übersetze
        übersetzen übersetzung traduza traduzir переведи перевод 译 譯 翻 訳
    """,
    Concept.CONTEXT: """
        context passage passages document documents excerpt excerpts snippet sources contexto documento
        contexte extrait kontext dokument контекст документ 文 段
    """,
    Concept.ONLY: """
        only solely based using strictly solo únicamente seulement uniquement nur ausschließlich apenas
        только 只 仅
    """,
    Concept.CODE: """
        code python javascript typescript java rust repository diff patch bug compile código codigo код 码 碼
    """,
    Concept.CLASSIFY: """
        classify classification categorize category label labels labeled sentiment clasifica classifie
        klassifiziere classifique классифицируй 类 類 标
    """,
    Concept.ENTITY: """
        extract extraction entity entities field fields relationship relationships extrae entidades
        extrais entités extrahiere entitäten extraia извлеки сущности 提 取 实
    """,
    Concept.TRAINING: """
        dataset training finetuning tuning synthetic distill distillation benchmark corpus datensatz
        entrenamiento entraînement treinamento обучения датасет 训 集
    """,
    Concept.SUMMARY: """
        summarize summarise summarizing summarising summary summaries resumen resume resumir résumé résumer
        résumez zusammenfassung zusammenfassen resumo резюме резюмируй 摘 概 要
    """,
}

_CONCEPTS: dict[str, int] = {}
for _bit, _list in _WORDS.items():
    for _word in _list.split():
        _CONCEPTS[_word] = _CONCEPTS.get(_word, 0) | _bit


def concepts_of(token: str) -> int:
    """The concept bits of one token; 0 for most."""
    return _CONCEPTS.get(token, 0)
